import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError } from '../local-servers/chat.ts';
import { freePort } from '../local-servers/gateway-process.ts';
import { connectorsName, oneConnector } from './sample.ts';

const key = 'provider-key-0123456789-abcd';

function startAt(baseUrl: string, providerKey = key): Promise<TestGateway> {
  return startTestGateway({ files: { [connectorsName]: oneConnector(baseUrl, providerKey) } });
}

const inner = chat({ model: 'inner' });

describe("a provider's failures (case 28)", () => {
  test.each([401, 403])(
    '28 %i: 502 with label, host, source and last four characters, and no word of the body',
    async (status) => {
      const error = { message: `Incorrect API key: ${key} (unique words)`, type: 'auth', code: 'invalid_api_key' };
      const backend = await startFakeBackend([{ status, json: { error } }]);
      const gateway = await startAt(backend.baseUrl);
      for (const stream of [false, true]) {
        const answer = await gateway.post(chatPath, { ...inner, stream });
        expect(answer.headers.get('x-should-retry')).toBe('false');
        const { message } = await expectError(answer, 502, 'upstream_auth_failed');
        for (const part of [
          'provider p',
          `127.0.0.1:${backend.port}`,
          'external-api-connectors.toml: p.api_key',
          '...abcd',
        ]) {
          expect(message).toContain(part);
        }
        expect(message).not.toContain('unique words');
      }
      const said = JSON.stringify(gateway.log()) + (await (await gateway.get('/metrics')).text());
      expect(said).not.toMatch(/0123456789|unique words/);
      expect(backend.posts()).toHaveLength(2);
    },
  );

  test('of a key shorter than twelve characters nothing', async () => {
    const backend = await startFakeBackend([{ status: 401 }]);
    const gateway = await startAt(backend.baseUrl, 'abcdefg-wxy');
    const { message } = await expectError(await gateway.post(chatPath, inner), 502, 'upstream_auth_failed');
    expect(message).not.toMatch(/wxy|abc/);
  });

  test('28 429 with Retry-After is passed on', async () => {
    const backend = await startFakeBackend([{ status: 429, retry_after: 77 }]);
    const gateway = await startAt(backend.baseUrl);
    const answer = await gateway.post(chatPath, inner);
    expect(answer.headers.get('retry-after')).toBe('77');
    const { message } = await expectError(answer, 429, 'rate_limit_exceeded');
    expect(message).toContain('provider p');
    expect(backend.posts()).toHaveLength(1);
  });

  test('28 connection refused: 502 upstream_unreachable', async () => {
    const url = `http://127.0.0.1:${await freePort()}/second/v7`;
    const gateway = await startAt(url);
    const answer = await gateway.post(chatPath, inner);
    expect(answer.headers.get('x-headrace-attempts')).toBe('3');
    const { message } = await expectError(answer, 502, 'upstream_unreachable');
    expect(message).toContain(url);
  });

  test.each([400, 404, 413, 422])('another %i passes with its status and its error, the key masked', async (status) => {
    const error = { message: `no ${key}`, type: 'odd_type', param: 'x', code: 'odd_code', more: [1] };
    const backend = await startFakeBackend([{ status, json: { error } }]);
    const gateway = await startAt(backend.baseUrl);
    const answer = await gateway.post(chatPath, inner);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: { ...error, message: 'no [secret]' } });
    expect(backend.posts()).toHaveLength(1);
  });

  test('an error before the first event of a stream is retried, one after it never', async () => {
    const backend = await startFakeBackend([{ cut_after_chunks: 0 }, {}]);
    const gateway = await startAt(backend.baseUrl);
    const first = await gateway.post(chatPath, { ...inner, stream: true });
    expect(await first.text()).toContain('[DONE]');
    expect(first.headers.get('x-headrace-attempts')).toBe('2');
    backend.reset();
    backend.use({ replies: [{ cut_after_chunks: 2 }, {}] });
    const second = await (await gateway.post(chatPath, { ...inner, stream: true })).text();
    expect(second).toContain('"error"');
    expect(second).not.toContain('[DONE]');
    expect(backend.posts()).toHaveLength(1);
  });
});
