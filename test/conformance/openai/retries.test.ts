import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { ask, failureOf, openaiClient, startSetup } from '../sdk-setup.ts';

const chat = { model: 'm', messages: ask('hi') };
const quick = 'auth_type: none\nretry_delay: 0.01\n';

/** A chat by an SDK with its usual two retries. */
async function chatWithRetries(replies: readonly MockReply[], backendLines: string, stream = false) {
  const { baseURL, backend, gateway } = await startSetup(replies, { backendLines });
  const outcome = await openaiClient(baseURL)
    .chat.completions.create({ ...chat, stream })
    .withResponse()
    .catch((error: unknown) => error);
  const calls = () => gateway.log().filter((line) => line.msg === 'request').length;
  return { outcome, backend, calls };
}

describe('retries of the openai SDK', () => {
  it.each([500, 503, 429])('do not add to those of the gateway, for status %i', async (status) => {
    for (const stream of [false, true]) {
      const { outcome, backend, calls } = await chatWithRetries([{ status }], `${quick}max_retries: 2`, stream);
      expect(outcome).toBeInstanceOf(status === 429 ? OpenAI.RateLimitError : OpenAI.InternalServerError);
      const { headers } = outcome as InstanceType<typeof OpenAI.APIError>;
      expect(headers?.get('x-should-retry')).toBe('false');
      expect(headers?.get('x-headrace-attempts')).toBe('3');
      expect(backend.posts()).toHaveLength(3);
      await expect.poll(calls).toBe(1);
    }
  });

  it('do not add to those of the gateway, for connections that break', async () => {
    const { outcome, backend } = await chatWithRetries([{ reset: true }], `${quick}max_retries: 1`);
    expect(outcome).toMatchObject({ status: 502, code: 'upstream_unreachable' });
    expect(backend.posts()).toHaveLength(2);
  });

  it('happen where the gateway does not retry', async () => {
    const replies = [{ status: 500 }, { reset: true }, { content: 'at last' }];
    const { outcome, backend, calls } = await chatWithRetries(replies, `${quick}max_retries: 0`);
    expect(outcome).toMatchObject({ data: { choices: [{ message: { content: 'at last' } }] } });
    expect(backend.posts()).toHaveLength(3);
    await expect.poll(calls).toBe(3);
  });

  it('are not needed where the gateway gets an answer by its own', async () => {
    const replies = [{ status: 500 }, { cut_after_chunks: 0 }, { content: 'at last' }];
    for (const stream of [false, true]) {
      const { outcome, backend, calls } = await chatWithRetries(replies, `${quick}max_retries: 2`, stream);
      expect((outcome as { response: Response }).response.headers.get('x-headrace-attempts')).toBe('3');
      expect(backend.posts()).toHaveLength(3);
      expect(calls()).toBeLessThanOrEqual(1);
      if (stream) (outcome as { data: { controller: AbortController } }).data.controller.abort();
    }
  });

  it('never follow a key that the backend refused, nor an error of the client', async () => {
    for (const [reply, status] of [
      [{ status: 401 }, 502],
      [{ status: 403 }, 502],
      [{ status: 400 }, 400],
    ] as const) {
      const { outcome, backend } = await chatWithRetries([reply], `${quick}max_retries: 2`);
      expect(outcome).toMatchObject({ status });
      expect(backend.posts()).toHaveLength(1);
    }
  });

  it('wait as long as the gateway says before its limit opens again', async () => {
    const backendLines = `${quick}models:\n  m:\n    limits: { requests_per_minute: 1 }`;
    const { baseURL, backend, gateway } = await startSetup({}, { backendLines });
    await openaiClient(baseURL).chat.completions.create(chat);
    // The limit opens after a minute; left to itself the SDK would come again after half a second and a second.
    const signal = AbortSignal.timeout(2500);
    const error = await failureOf(openaiClient(baseURL).chat.completions.create(chat, { signal }));
    expect(error).toBeInstanceOf(OpenAI.APIUserAbortError);
    const statuses = gateway.log().filter((line) => line.msg === 'request');
    expect(statuses.map((line) => line.status)).toEqual([200, 429]);
    expect(backend.posts()).toHaveLength(1);
  });
});
