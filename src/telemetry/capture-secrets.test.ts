import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canaries, canaryKey, expectNoCanary } from '../../test/acceptance/secrets/canaries.ts';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';

const { prompt, answer, url: _url, wrong, ...keys } = canaries;
const env = {
  BACKEND_KEY: keys.backend,
  CUSTOM_KEY: keys.custom,
  SHORT_KEY: keys.short,
  USER_KEY: keys.user,
  HEADRACE_ADMIN_KEY: keys.admin,
};
const echoed = Object.values(keys).join(' | ');
/** First the one by which a token is granted, of which nobody knows before. */
const models = ['granted', 'keyed:m', 'own:m', 'short:m', 'connected'];

async function startRig() {
  const folder = await writeConfig({});
  const backend = await startFakeBackend();
  const grant = { json: { access_token: keys.token, expires_in: 3600 } };
  const tokens = await startFakeBackend({ routes: [{ path: '/token', replies: [grant] }] });
  const oauth = `private_key = """${canaryKey}"""\ntoken_url = "${tokens.url}/token"\nissuer = "i"\naudience = "a"`;
  const files = {
    'backends/keyed/backend.yaml': backendYaml(
      `${backend.baseUrl}?api-key=${keys.custom}`,
      'api_key_env_var: BACKEND_KEY',
    ),
    'backends/own/backend.yaml': backendYaml(
      backend.baseUrl,
      'auth_type: custom\nauth_header: X-Own\napi_key_env_var: CUSTOM_KEY',
    ),
    'backends/short/backend.yaml': backendYaml(backend.baseUrl, 'api_key_env_var: SHORT_KEY'),
    'external-api-connectors.toml': `[p]\nbase_url = "${backend.baseUrl}"\napi_key = "${keys.provider}"
[p.c]\ninternal = "connected"\nexternal = "x"
[o]\nbase_url = "${backend.baseUrl}"\n[o.oauth]\n${oauth}\n[o.c]\ninternal = "granted"\nexternal = "y"\n`,
    'headrace.yaml': `keys:\n  - {name: someone, key_env_var: USER_KEY}\ntelemetry: {capture: {folder: "${folder}"}}\n`,
  };
  return { backend, folder, gateway: await startTestGateway({ files, env }) };
}

it('a capture holds no secret of any kind, whoever says it', async () => {
  const { backend, folder, gateway } = await startRig();
  backend.use({ replies: [{ content: `${answer} ${echoed}`, headers: { 'x-echo': echoed } }] });
  const headers = { authorization: `Bearer ${keys.user}`, cookie: wrong };
  for (const model of models) {
    for (const stream of [false, true]) {
      const body = { model, messages: [{ role: 'user', content: `${prompt} ${echoed}` }], stream };
      const got = await gateway.post('/v1/chat/completions', body, headers);
      expect(got.status).toBe(200);
      await got.text();
    }
  }
  await gateway.gateway.close();
  const written = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
  expect(written.trim().split('\n')).toHaveLength(2 * models.length);
  expect(written).toContain(prompt); // a capture is there for this
  expect(written).toContain(answer);
  expectNoCanary('the capture', written.replaceAll(prompt, '').replaceAll(answer, ''));
});
