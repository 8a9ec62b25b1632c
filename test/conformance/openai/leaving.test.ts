import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { ask, failureOf, openaiClient, startSetup } from '../sdk-setup.ts';

const chat = { model: 'm', messages: ask('one two three four') };

describe('a client of the openai SDK that leaves', () => {
  it('in the middle of a stream ends the request of the backend, by the controller', async () => {
    const { baseURL, backend, gateway } = await startSetup([{ hang_after_chunks: 3 }]);
    const stream = await openaiClient(baseURL).chat.completions.create({ ...chat, stream: true });
    const seen: string[] = [];
    for await (const chunk of stream) {
      seen.push(chunk.choices[0]?.delta.content ?? '');
      if (seen.length === 3) stream.controller.abort();
    }
    expect(seen).toEqual(['', 'one', ' two']);
    expect(await backend.posts()[0]?.ended).toBe('aborted');
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ msg: 'request', status: 499 });
  });

  it('in the middle of a stream ends the request of the backend, by leaving the loop', async () => {
    const { baseURL, backend } = await startSetup([{ hang_after_chunks: 3 }]);
    const stream = await openaiClient(baseURL).chat.completions.create({ ...chat, stream: true });
    for await (const _chunk of stream) break;
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it.each([false, true])(
    'before any answer ends the request of the backend, by a signal; stream: %s',
    async (stream) => {
      const { baseURL, backend, gateway } = await startSetup([{ hang: true }]);
      const leave = new AbortController();
      const answer = openaiClient(baseURL).chat.completions.create({ ...chat, stream }, { signal: leave.signal });
      const post = await backend.waitForPost(1);
      leave.abort();
      expect(await failureOf(answer)).toBeInstanceOf(OpenAI.APIUserAbortError);
      expect(await post.ended).toBe('aborted');
      await expect.poll(() => gateway.log().at(-1)).toMatchObject({ msg: 'request', status: 499 });
      expect(backend.posts()).toHaveLength(1);
    },
  );

  it('in the middle of a whole answer ends the request of the backend', async () => {
    const { baseURL, backend } = await startSetup([{ chunk_bytes: 20, hang_after_chunks: 2 }]);
    const leave = new AbortController();
    const answer = openaiClient(baseURL).chat.completions.create(chat, { signal: leave.signal });
    const post = await backend.waitForPost(1);
    leave.abort();
    expect(await failureOf(answer)).toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(await post.ended).toBe('aborted');
  });

  it('while the gateway waits for a retry ends the waiting', async () => {
    const backendLines = 'auth_type: none\nmax_retries: 5\nretry_delay: 20';
    const { baseURL, backend, gateway } = await startSetup([{ status: 500 }], { backendLines });
    const leave = new AbortController();
    const answer = openaiClient(baseURL).chat.completions.create(chat, { signal: leave.signal });
    expect(await (await backend.waitForPost(1)).ended).toBe('answered');
    leave.abort();
    await failureOf(answer);
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ msg: 'request', status: 499 });
    expect(backend.posts()).toHaveLength(1);
  });

  it('by a time-out of its own ends each request of the backend', async () => {
    const { baseURL, backend } = await startSetup([{ hang: true }]);
    const client = openaiClient(baseURL, { timeout: 300, maxRetries: 1 });
    expect(await failureOf(client.chat.completions.create(chat))).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    const ends = await Promise.all(backend.posts().map((post) => post.ended));
    expect(ends).toEqual(['aborted', 'aborted']);
  });

  it('leaves the others alone', async () => {
    const { baseURL, backend } = await startSetup([
      { hang_after_chunks: 3 },
      { content: 'a b c d e f', chunk_delay_ms: 30 },
    ]);
    const client = openaiClient(baseURL);
    const leaving = await client.chat.completions.create({ ...chat, stream: true });
    const staying = client.chat.completions.stream(chat).finalContent();
    await backend.waitForPost(2);
    leaving.controller.abort();
    expect(await backend.posts()[0]?.ended).toBe('aborted');
    expect(await staying).toBe('a b c d e f');
  });
});
