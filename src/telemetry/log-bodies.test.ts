import { expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../test/harness/test-gateway.ts';

const env = { KEY: 'key-of-the-backend-4711' };
const chat = (content: string, more: object = {}) => ({
  model: 'a:m',
  messages: [{ role: 'user', content }],
  ...more,
});

async function startRig(telemetry: string, logsBodies: boolean, content: string) {
  const backend = await startFakeBackend([{ content }]);
  return startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(backend.baseUrl, 'api_key_env_var: KEY'),
      'headrace.yaml': telemetry,
    },
    env,
    logsBodies,
  });
}

it('logs bodies and answers where that is on, with keys masked', async () => {
  const gateway = await startRig('telemetry: {log_bodies: true}', true, `said, and ${env.KEY}`);
  const sent = JSON.stringify(chat(`asked, and ${env.KEY}`));
  const got = await (await gateway.post('/v1/chat/completions', sent)).text();
  await (await gateway.post('/v1/chat/completions', chat('asked again', { stream: true }))).text();
  const [whole, stream] = gateway.log().filter(({ msg }) => msg === 'request');
  expect(got).toContain(env.KEY);
  expect(whole).toMatchObject({
    request_body: sent.replace(env.KEY, '[secret]'),
    answer_body: got.replace(env.KEY, '[secret]'),
    status: 200,
  });
  expect(stream?.answer_body).toContain('data: [DONE]');
});

it('cuts long bodies, and no key in two', async () => {
  const gateway = await startRig('telemetry: {log_bodies: true}', true, 'y'.repeat(20_000));
  const head = JSON.stringify(chat('')).indexOf('""') + 1;
  const body = chat(`${'x'.repeat(8192 - head - 5)}${env.KEY}${'z'.repeat(100)}`);
  await (await gateway.post('/v1/chat/completions', body)).text();
  const line = gateway.log().find(({ msg }) => msg === 'request') as { request_body: string; answer_body: string };
  expect(line.request_body).toMatch(/x\[secr\.\.\.$/);
  expect(line.request_body).toHaveLength(8192 + 3);
  expect(line.answer_body).toHaveLength(8192 + 3);
});

it('logs neither where it is off, as it is by default', async () => {
  const gateway = await startRig('', false, 'the words of the answer');
  await (await gateway.post('/v1/chat/completions', chat('the words of the prompt'))).text();
  expect(JSON.stringify(gateway.log())).not.toContain('the words');
});
