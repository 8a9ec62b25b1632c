import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../fake-backend/http-client.ts';
import { startRig } from './rig.ts';

interface Chunk {
  readonly choices: unknown[];
  readonly usage?: { readonly total_tokens: number } | null;
}

const usage = { prompt_tokens: 11, completion_tokens: 22 };

function usageChunks(text: string): Chunk[] {
  const events = eventsOf(text).filter((event): event is Chunk => event !== '[DONE]');
  return events.filter((event) => event.choices.length === 0);
}

describe('the usage of a stream', () => {
  it.each([undefined, null, {}, { include_usage: false }, { include_obfuscation: false }])(
    'is asked for, and kept from a client that sent the options %j',
    async (options) => {
      const { chat, backend } = await startRig({ script: [{ usage, content: 'a b' }] });
      const answer = await chat({ stream: true, ...(options !== undefined && { stream_options: options }) });
      expect(backend.posts()[0]?.json.stream_options).toEqual({ ...options, include_usage: true });
      expect(usageChunks(answer.text)).toEqual([]);
      expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
      expect(eventsOf(answer.text)).toHaveLength(5);
    },
  );

  it('reaches a client that asked for it, whose body then needs no change', async () => {
    const { post, backend } = await startRig({ script: [{ usage, content: 'a b' }] });
    const body = '{"model":"u:m","stream":true,"stream_options":{ "include_usage" : true },"messages":[]}';
    const answer = await post('/v1/chat/completions', body);
    expect(backend.posts()[0]?.body.toString()).toBe(body.replace('u:m', 'm'));
    expect(usageChunks(answer.text)).toMatchObject([{ usage: { total_tokens: 33 } }]);
  });

  it.each(['', ' ', '  ', '   '])(
    'is asked for in empty options, wherever in the body they stand (%j)',
    async (space) => {
      const { post, backend } = await startRig({ script: [{ usage }] });
      const body = `{"model":"m","messages":[],"stream":true,${space}"stream_options":{}}`;
      const answer = await post('/v1/chat/completions', body.replace('"m"', '"u:m"'));
      expect(answer.status).toBe(200);
      expect(backend.posts()[0]?.body.toString()).toBe(body.replace('{}', '{"include_usage":true}'));
    },
  );

  it('stays in a chunk that also has choices', async () => {
    const event = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }], usage };
    const { chat } = await startRig({ script: [{ events: [event] }] });
    const answer = await chat({ stream: true });
    expect(answer.text).toBe(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
  });

  it('is not asked for where nothing is streamed', async () => {
    const { chat, backend } = await startRig();
    await chat();
    await chat({ stream: false });
    for (const post of backend.posts()) expect(post.json).not.toHaveProperty('stream_options');
  });

  it('is in the log, whether the client asked for it or not', async () => {
    const { chat, gateway } = await startRig({ script: [{ usage }] });
    await chat({ stream: true });
    expect(gateway.log().at(-1)).toMatchObject({ msg: 'request', prompt_tokens: 11, completion_tokens: 22 });
  });
});
