import { describe, expect, it } from 'vitest';
import { type MockReply, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { failureOf, openBackend, testKey } from './test-backend.ts';

const credentials = [testKey('MY_KEY', 'key-of-this-test-1234')];

async function faultOf(reply: MockReply, stream = false) {
  const server = await startFakeBackend([reply]);
  return failureOf(openBackend(server.baseUrl, { credentials }), { stream });
}

const error = (message: string, more: object = {}) => ({ error: { message, ...more } });

describe('whose fault a failure is', () => {
  it.each<[string, MockReply, string, string]>([
    ['400', { status: 400 }, 'client', 'never'],
    ['409', { status: 409 }, 'client', 'never'],
    ['422', { status: 422 }, 'client', 'never'],
    ['400 that speaks of tokens', { status: 400, json: error('max_tokens must be at least 1') }, 'client', 'never'],
    ['404', { status: 404 }, 'mismatch', 'never'],
    ['405', { status: 405 }, 'mismatch', 'never'],
    ['413', { status: 413 }, 'mismatch', 'never'],
    ['an overflow', { status: 400, json: error('prompt is too long: 9 tokens > 8 maximum') }, 'mismatch', 'never'],
    [
      'an overflow with a 500',
      { status: 500, json: error('x', { code: 'context_length_exceeded' }) },
      'mismatch',
      'never',
    ],
    ['400 for a model that is not there', { status: 400, json: error('Model Not Exist') }, 'mismatch', 'never'],
    [
      'the same by a type beside the message',
      { status: 400, json: { object: 'error', message: 'Invalid model: x', type: 'invalid_model', code: '1500' } },
      'mismatch',
      'never',
    ],
    ['401', { status: 401 }, 'key', 'never'],
    ['403', { status: 403 }, 'key', 'never'],
    [
      '400 for a key',
      { status: 400, json: [error('API key not valid. Please pass a valid API key.')] },
      'key',
      'never',
    ],
    ['429', { status: 429 }, 'quota', 'backoff'],
    ['429 that wants no retry', { status: 429, headers: { 'x-should-retry': 'false' } }, 'quota', 'elsewhere'],
    ['402', { status: 402 }, 'quota', 'never'],
    [
      '400 for unpaid bills',
      { status: 400, json: error('x', { code: 'billing_hard_limit_reached' }) },
      'quota',
      'never',
    ],
    ['400 without credit', { status: 400, json: error('Your credit balance is too low.') }, 'quota', 'never'],
    ['408', { status: 408 }, 'backend', 'backoff'],
    ['500', { status: 500 }, 'backend', 'backoff'],
    ['501', { status: 501 }, 'backend', 'never'],
    ['529', { status: 529 }, 'backend', 'backoff'],
    ['a redirect', { redirect: 'http://127.0.0.1:9/' }, 'backend', 'never'],
    ['loading a model', { loading_model: true }, 'nobody', 'loading'],
    ['a connection that is cut', { reset: true }, 'backend', 'backoff'],
    ['no JSON', { text: '<html>' }, 'backend', 'never'],
    ['an error within a 200', { json: error('boom') }, 'backend', 'never'],
    ['a used-up limit within a 200', { json: error('boom', { code: 429 }) }, 'quota', 'never'],
    ['a refused request within a 200', { json: error('boom', { type: 'invalid_request_error' }) }, 'client', 'never'],
  ])('%s', async (_what, reply, fault, retry) => {
    for (const stream of [false, true]) {
      const failure = await faultOf(reply, stream);
      expect([failure.fault, failure.retry]).toEqual([fault, retry]);
    }
  });

  it('is the backend’s where it cannot be reached or is too slow', async () => {
    const server = await startFakeBackend([{ hang: true }]);
    expect(await failureOf(openBackend(server.baseUrl, { timeoutMs: 100 }))).toMatchObject({ fault: 'backend' });
    const { baseUrl } = server;
    await server.close();
    const refused = await failureOf(openBackend(baseUrl));
    expect(refused).toMatchObject({ fault: 'backend', retry: 'backoff', error: { code: 'upstream_unreachable' } });
  });

  it('is nobody’s where the client left', async () => {
    const server = await startFakeBackend([{ hang: true }]);
    const leaving = new AbortController();
    const failing = failureOf(openBackend(server.baseUrl), { signal: leaving.signal });
    await server.waitForPost(1);
    leaving.abort();
    expect(await failing).toMatchObject({ fault: 'nobody', retry: 'never', error: { code: 'client_closed_request' } });
  });
});

describe('what a failure says beside', () => {
  const headers = {
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '1m30s',
    'x-ratelimit-remaining-tokens': '500',
  };

  it('is how long to wait and what is left', async () => {
    const failure = await faultOf({ status: 429, headers });
    expect(failure.hintMs).toBe(90_000);
    const quota = { remainingRequests: 0, requestsResetMs: 90_000, remainingTokens: 500, tokensResetMs: undefined };
    expect(failure.quota).toEqual(quota);
    for (const status of [400, 401, 404, 500]) expect((await faultOf({ status, headers })).quota).toEqual(quota);
    const overflow = await faultOf({ status: 400, headers, json: error('prompt is too long') });
    expect(overflow.quota).toEqual(quota);
  });

  it('are the figures of an overflow', async () => {
    const failure = await faultOf({ status: 400, json: error('prompt is too long: 210000 tokens > 200000 maximum') });
    expect(failure.error).toMatchObject({
      code: 'context_length_exceeded',
      detail: { details: { model: null, limit: 200_000, measured: 210_000 } },
    });
  });
});
