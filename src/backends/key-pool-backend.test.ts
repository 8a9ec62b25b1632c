import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import type { Credential } from '../config/backend-config.ts';
import { Secret } from '../secret.ts';
import { describeKey, probe } from './probe.ts';
import { createBackend } from './registry.ts';
import { isSameConnection } from './same-connection.ts';
import { failureOf, openBackend, readReply, testConfig, testKey, testOptions, testRequest } from './test-backend.ts';

const first = testKey('KEY_A', 'secret-of-key-a-aaaa');
const second = testKey('KEY_B', 'secret-of-key-b-bbbb');
const unset = testKey('KEY_C');
const credentials = [unset, first, second];

describe('a backend with several keys', () => {
  it('sends each request with the key that it asks for', async () => {
    const server = await startFakeBackend();
    const backend = openBackend(server.baseUrl, { credentials });
    for (const key of [2, 1, 2]) await readReply(await backend.send(testRequest({ key })));
    const sent = server.posts().map((post) => post.headers.authorization);
    expect(sent).toEqual(['b-bbbb', 'a-aaaa', 'b-bbbb'].map((end) => `Bearer secret-of-key-${end}`));
  });

  it('names the key that was refused, and no other', async () => {
    const server = await startFakeBackend([{ status: 401 }]);
    const backend = openBackend(server.baseUrl, { credentials });
    const { error, fault, refusedWith } = await failureOf(backend, { key: 2 });
    expect([fault, refusedWith]).toEqual(['key', 401]);
    expect(error.message).toContain('KEY_B and ends in ...bbbb');
    expect(error.message).not.toMatch(/KEY_A|KEY_C|aaaa|secret/);
  });

  it('asks for nothing with a key that is not set', async () => {
    const server = await startFakeBackend();
    const failure = await failureOf(openBackend(server.baseUrl, { credentials }), { key: 0 });
    expect(failure).toMatchObject({ fault: 'key', reached: false, retry: 'never' });
    expect(failure.error.message).toContain('KEY_C is not set');
    expect(server.requests).toHaveLength(0);
  });

  it('hides all of them in what the backend says, whichever was sent', async () => {
    const message = 'you sent secret-of-key-a-aaaa, and I know secret-of-key-b-bbbb';
    const server = await startFakeBackend([{ status: 400, json: { error: { message } } }]);
    const { error } = await failureOf(openBackend(server.baseUrl, { credentials }), { key: 1 });
    expect(error.message).toBe('you sent [secret], and I know [secret]');
  });

  it('lists its models and shows itself with the first key that is set', async () => {
    const server = await startFakeBackend({ models: ['m'], require_key: 'secret-of-key-a-aaaa' });
    const backend = openBackend(server.baseUrl, { credentials });
    expect(await backend.listModels(1000)).toEqual(['m']);
    expect((await backend.preview('/chat/completions')).headerNames).toContain('authorization');
    expect(await probe(backend)).toBe('reachable, 1 model');
    expect(describeKey(backend.config)).toBe('keys from KEY_C: not set, KEY_A (...aaaa), KEY_B (...bbbb)');
  });

  it('is not configured where none is set', async () => {
    const server = await startFakeBackend();
    const backend = openBackend(server.baseUrl, { credentials: [unset, testKey('KEY_D')] });
    expect(await probe(backend)).toBe('not configured');
    expect(describeKey(backend.config)).toBe('keys from KEY_C: not set, KEY_D: not set');
    expect(server.requests).toHaveLength(0);
  });

  it('takes the keys of a new configuration, and none of the old one', async () => {
    const server = await startFakeBackend();
    const backend = openBackend(server.baseUrl, { credentials: [first] });
    const later = backend.reconfigured(testConfig(server.baseUrl, { credentials: [second, first] }), testOptions);
    for (const key of [0, 1]) await later.send(testRequest({ key }));
    await later.close();
    const sent = server.posts().map((post) => post.headers.authorization);
    expect(sent).toEqual(['Bearer secret-of-key-b-bbbb', 'Bearer secret-of-key-a-aaaa']);
  });

  it('keeps its connections while its credentials stay, whatever becomes of weights and rates', () => {
    const config = testConfig('http://127.0.0.1:9/v1', { credentials });
    const weighted = { ...config, keys: config.keys.map((key) => ({ ...key, weight: 7, requestsPerMinute: 3 })) };
    expect(isSameConnection(config, weighted)).toBe(true);
    expect(isSameConnection(config, testConfig(config.baseUrl, { credentials: [unset, first] }))).toBe(false);
    const changed = testConfig(config.baseUrl, { credentials: [unset, first, testKey('KEY_B', 'another-key-of-b')] });
    expect(isSameConnection(config, changed)).toBe(false);
  });
});

describe('a token among the keys', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

  it('is granted once, hidden like a key, and taken over by a new configuration', async () => {
    const echo = { status: 400, json: { error: { message: 'not with token-1-of-this-test' } } };
    const server = await startFakeBackend({
      routes: [
        {
          path: '/token',
          replies: (_request, turn) => ({ json: { access_token: `token-${turn + 1}-of-this-test`, expires_in: 3600 } }),
        },
      ],
      replies: [echo],
    });
    const oauth: Credential = {
      kind: 'oauth',
      tokenUrl: `${server.url}/token`,
      issuer: 'me',
      audience: 'them',
      scope: undefined,
      privateKey: pem,
      source: 'file: p.oauth',
    };
    const backend = openBackend(server.baseUrl, { credentials: [first, oauth] });
    expect((await failureOf(backend, { key: 1 })).error.message).toBe('not with [secret]');
    const config = testConfig(server.baseUrl, { credentials: [oauth, second], timeoutMs: 4000 });
    const later = backend.reconfigured(config, testOptions);
    const failure = await failureOf(later, { key: 0 });
    await later.close();
    expect(failure.error.message).toBe('not with [secret]');
    const chats = server.posts().filter((post) => post.path.endsWith('/chat/completions'));
    expect(chats.map((post) => post.headers.authorization)).toEqual(Array(2).fill('Bearer token-1-of-this-test'));
    expect(server.requests).toHaveLength(3);
  });
});

describe('what a backend says is left of its keys', () => {
  const headers = { 'x-ratelimit-remaining-requests': '7', 'x-ratelimit-reset-requests': '2s' };
  const quota = { remainingRequests: 7, requestsResetMs: 2000, remainingTokens: undefined, tokensResetMs: undefined };

  it.each([false, true])('comes with the answer (stream: %s)', async (stream) => {
    const server = await startFakeBackend([{ headers }, {}]);
    const backend = createBackend(testConfig(server.baseUrl), testOptions);
    const replies = [await backend.send(testRequest({ stream })), await backend.send(testRequest({ stream }))];
    await Promise.all(replies.map(readReply));
    expect(replies.map((reply) => reply.quota)).toEqual([quota, undefined]);
    await backend.close();
  });
});
