import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, startAt } from './chat.ts';

const wrongKey = 'wrong-key-0123456789-wxyz';

async function everythingSaid(gateway: TestGateway, answer: string): Promise<string> {
  const metrics = await (await gateway.get('/metrics')).text();
  return answer + JSON.stringify(gateway.log()) + metrics;
}

describe('a key that the server refuses (R10)', () => {
  test('A6 none is configured: 502 with name, host and the setting that would supply one; one POST', async () => {
    const backend = await startFakeBackend({ require_key: 'K' });
    const gateway = await startAt(`${backend.url}/v1`);
    const answer = await gateway.post(chatPath, chat());
    expect(answer.headers.get('x-should-retry')).toBe('false');
    const { message } = await expectError(answer, 502, 'upstream_auth_failed');
    for (const part of ['default', `127.0.0.1:${backend.port}/v1`, 'no key', 'OPENAI_API_KEY']) {
      expect(message).toContain(part);
    }
    expect(backend.posts()).toHaveLength(1);
  });

  test.each(['moa', 'bon', 'genselect', 'self_consistency'])(
    'A8 with the approach %s it is the same, after one POST',
    async (headrace_approach) => {
      const backend = await startFakeBackend({ require_key: 'K' });
      const gateway = await startAt(`${backend.url}/v1`);
      for (const stream of [false, true]) {
        const answer = await gateway.post(chatPath, { ...chat(), headrace_approach, stream });
        expect(answer.headers.get('x-should-retry')).toBe('false');
        const { message } = await expectError(answer, 502, 'upstream_auth_failed');
        expect(message).toContain('no key');
      }
      expect(backend.posts()).toHaveLength(2);
    },
  );

  test('A6 of a backend.yaml the setting is api_key_env_var', async () => {
    const backend = await startFakeBackend({ require_key: 'K', profile: 'vllm' });
    const files = { 'backends/mine/backend.yaml': backendYaml(backend.baseUrl) };
    const gateway = await startTestGateway({ files });
    const answer = await gateway.post(chatPath, chat({ model: 'mine:m' }));
    const { message } = await expectError(answer, 502, 'upstream_auth_failed');
    for (const part of ['mine', `127.0.0.1:${backend.port}/v1`, 'no key', 'api_key_env_var']) {
      expect(message).toContain(part);
    }
  });

  test.each([401, 403])(
    'A7 a wrong key (%i): variable and last four characters, and nowhere the key',
    async (status) => {
      const reply = { status, json: { error: { message: `Incorrect API key provided: ${wrongKey}` } } };
      const backend = await startFakeBackend([reply]);
      const yaml = backendYaml(backend.baseUrl, 'api_key_env_var: MY_KEY');
      const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env: { MY_KEY: wrongKey } });
      for (const stream of [false, true]) {
        const answer = await gateway.post(chatPath, chat({ model: 'a:m', stream }));
        expect(answer.headers.get('x-should-retry')).toBe('false');
        const { message } = await expectError(answer, 502, 'upstream_auth_failed');
        expect(message).toContain('MY_KEY');
        expect(message).toContain('...wxyz');
        expect(message).toContain(`127.0.0.1:${backend.port}`);
        expect(await everythingSaid(gateway, message)).not.toContain(wrongKey);
      }
      expect(backend.posts()).toHaveLength(2);
    },
  );

  test('of a key shorter than twelve characters nothing is shown', async () => {
    const backend = await startFakeBackend([{ status: 401 }]);
    const gateway = await startAt(`${backend.url}/v1`, { OPENAI_API_KEY: 'abcdefghiqj' });
    const answer = await gateway.post(chatPath, chat());
    const { message } = await expectError(answer, 502, 'upstream_auth_failed');
    expect(message).toContain('OPENAI_API_KEY');
    expect(message).not.toContain('iqj');
    expect(message).not.toContain('abc');
  });

  test('an own header is named by its variable too', async () => {
    const backend = await startFakeBackend({ require_key: 'another' });
    const yaml = backendYaml(backend.baseUrl, 'auth_type: custom\nauth_header: X-My-Key\napi_key_env_var: MY_KEY');
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env: { MY_KEY: wrongKey } });
    const answer = await gateway.post(chatPath, chat({ model: 'a:m' }));
    expect((await expectError(answer, 502, 'upstream_auth_failed')).message).toContain('MY_KEY');
    expect(backend.posts()[0]?.headers['x-my-key']).toBe(wrongKey);
    expect(backend.posts()[0]?.headers.authorization).toBeUndefined();
  });

  test.each([400, 404, 422, 429, 500, 503])("a key in the text of the server's %i is masked", async (status) => {
    const error = { message: `bad header "Bearer ${wrongKey}"`, type: wrongKey, details: [{ key: `x${wrongKey}y` }] };
    const backend = await startFakeBackend([{ status, json: { error } }]);
    const yaml = backendYaml(backend.baseUrl, 'api_key_env_var: MY_KEY\nmax_retries: 0');
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env: { MY_KEY: wrongKey } });
    const answer = await (await gateway.post(chatPath, chat({ model: 'a:m' }))).text();
    expect(answer).toContain('[secret]');
    expect(await everythingSaid(gateway, answer)).not.toContain(wrongKey);
  });

  test("the server's refusal and the gateway's own do not look alike", async () => {
    const backend = await startFakeBackend([{ status: 401 }]);
    const gateway = await startAt(`${backend.url}/v1`, { HEADRACE_ADMIN_KEY: 'right' });
    const own = await gateway.post(chatPath, chat(), { authorization: 'wrong' });
    const theirs = await gateway.post(chatPath, chat(), { authorization: 'right' });
    await expectError(own, 401, 'invalid_api_key');
    await expectError(theirs, 502, 'upstream_auth_failed');
  });
});
