import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { ask, openaiClient, startSetup } from '../sdk-setup.ts';

/** The text that a stream gives before it throws, and what it throws. */
async function readUntilFailure(reply: MockReply, backendLines = 'auth_type: none') {
  const { baseURL, backend } = await startSetup([reply], { backendLines });
  const create = { model: 'm', messages: ask('one two three four'), stream: true as const };
  const stream = await openaiClient(baseURL).chat.completions.create(create);
  let text = '';
  try {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  } catch (error) {
    return { text, error, backend };
  }
  throw new Error(`the stream ended well with ${JSON.stringify(text)}`);
}

describe('a stream that breaks in the openai SDK', () => {
  it.each<[string, MockReply]>([
    ['by a cut', { cut_after_chunks: 3 }],
    ['by a reset', { cut_after_chunks: 3, reset: true }],
  ])('%s throws from the iterator, after what came, and is never asked for again', async (_name, reply) => {
    const { text, error, backend } = await readUntilFailure(reply);
    expect(text).toBe('one two');
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_error', type: 'upstream_error' });
    expect((error as Error).message).toContain('backend a');
    expect(backend.posts()).toHaveLength(1);
  });

  it('by silence throws with the code of a time-out', async () => {
    const { text, error, backend } = await readUntilFailure({ hang_after_chunks: 3 }, 'auth_type: none\ntimeout: 0.3');
    expect(text).toBe('one two');
    expect(error).toMatchObject({ code: 'upstream_timeout' });
    expect(await backend.posts()[0]?.ended).toBe('aborted');
  });

  it("by the backend's own error event throws what the backend said", async () => {
    const said = { message: 'quota is used up', type: 'quota', code: 'insufficient_quota', param: null };
    const { text, error } = await readUntilFailure({ error: said, error_after_chunks: 3 });
    expect(text).toBe('one two');
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ error: said, code: 'insufficient_quota' });
    expect((error as Error).message).toContain('quota is used up');
  });
});
