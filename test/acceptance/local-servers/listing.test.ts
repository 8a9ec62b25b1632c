import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { startAt } from './chat.ts';
import { freePort } from './gateway-process.ts';

async function listed(gateway: TestGateway): Promise<string[]> {
  const answer = await gateway.get('/v1/models');
  expect(answer.status).toBe(200);
  const { object, data } = (await answer.json()) as { object: string; data: { id: string; object: string }[] };
  expect(object).toBe('list');
  for (const model of data) expect(model.object).toBe('model');
  return data.map(({ id }) => id);
}

describe('the list of models', () => {
  test('has what a backend declares, and then the backend is not asked', async () => {
    const backend = await startFakeBackend({ models: ['other'] });
    const models = 'auth_type: none\nmodels:\n  one: {limits: {context_window: 4096}}\n  org/two:q4: {}';
    const gateway = await startTestGateway({
      files: { 'backends/a/backend.yaml': backendYaml(backend.baseUrl, models) },
    });
    expect(await listed(gateway)).toEqual(['a:one', 'a:org/two:q4']);
    expect(await (await gateway.get('/v1/models/a:one')).json()).toMatchObject({ owned_by: 'a', context_window: 4096 });
    expect((await gateway.get('/v1/models/a:org/two:q4')).status).toBe(200);
    expect(backend.requests).toEqual([]);
  });

  test('has what a backend without declared models lists itself, asked once for a while', async () => {
    const backend = await startFakeBackend({ profile: 'ollama' });
    const gateway = await startAt(backend.url);
    const all = ['default:llama3.2:1b', 'default:hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M'];
    for (let turn = 0; turn < 3; turn++) expect(await listed(gateway)).toEqual(all);
    expect((await gateway.get(`/v1/models/${all[1]}`)).status).toBe(200);
    expect(backend.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/models']);
  });

  test('is not spoilt by backends that refuse, hang, lie or are dead', async () => {
    const good = await startFakeBackend({ models: ['good'] });
    const bad = await startFakeBackend({
      routes: [
        { path: '/hang/models', replies: [{ hang: true }] },
        { path: '/html/models', replies: [{ text: '<html>' }] },
        { path: '/odd/models', replies: [{ json: { data: [null, 5, { id: 7 }, { id: 'odd' }] } }] },
        { path: '/error/models', replies: [{ status: 500 }] },
        { path: '/cut/models', replies: [{ json: { data: [] }, cut_after_bytes: 3 }] },
      ],
    });
    const at = (name: string) => [`backends/${name}/backend.yaml`, backendYaml(`${bad.url}/${name}`)] as const;
    const gateway = await startTestGateway({
      files: {
        ...Object.fromEntries(['hang', 'html', 'odd', 'error', 'cut'].map(at)),
        'backends/dead/backend.yaml': backendYaml(`http://127.0.0.1:${await freePort()}/v1`),
        'backends/unset/backend.yaml': backendYaml(good.baseUrl, 'api_key_env_var: UNSET'),
        'backends/good/backend.yaml': backendYaml(good.baseUrl),
      },
    });
    const started = performance.now();
    expect(await listed(gateway)).toEqual(['good:good', 'odd:odd']);
    expect(performance.now() - started).toBeLessThan(8000);
    const again = performance.now();
    expect(await listed(gateway)).toEqual(['good:good', 'odd:odd']);
    expect(performance.now() - again).toBeLessThan(1500);
  });
});
