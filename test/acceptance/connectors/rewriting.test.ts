import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MockServer, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { send } from '../../fake-backend/http-client.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { connectorsName } from './sample.ts';

/** A name that JSON must escape, at home in any text. */
const internal = 'inner "ü\u{1F600}\\';

async function startRewriting(): Promise<{ backend: MockServer; gateway: TestGateway }> {
  const backend = await startFakeBackend();
  const names = `internal = ${JSON.stringify(internal)}\nexternal = "outer/\\"é\\""`;
  const text = `[p]\nbase_url = "${backend.baseUrl}"\napi_key = "k"\n[p.c]\n${names}\n`;
  return { backend, gateway: await startTestGateway({ files: { [connectorsName]: text } }) };
}

const inner = JSON.stringify(internal);
const json = { 'content-type': 'application/json' };

describe('a whole answer', () => {
  test.each([
    ['a dated name', `{"model":"outer-2024-11-20","choices":[]}`, `{"model":${inner},"choices":[]}`],
    ['a name that is no text', `{"model":null ,"choices":[1.0]}`, `{"model":${inner} ,"choices":[1.0]}`],
    ['an escaped key', `{"mod\\u0065l":"x","choices":[]}`, `{"mod\\u0065l":${inner},"choices":[]}`],
    ['none at the top', `{"choices":[{"model":"outer"}], "x": "\\"model\\":\\"y\\""}`, undefined],
    ['spaces and order', ` { "id":1e3,\n"model"\t:\n"x" } `, ` { "id":1e3,\n"model"\t:\n${inner} } `],
  ])('%s', async (_what, text, expected) => {
    const { backend, gateway } = await startRewriting();
    backend.use({
      replies: [
        { text, headers: json },
        { text, headers: json, gzip: true },
      ],
    });
    for (let turn = 0; turn < 2; turn++) {
      const answer = await gateway.post(chatPath, chat({ model: internal }));
      expect([answer.status, await answer.text()]).toEqual([200, expected ?? text]);
    }
  });

  test('of any request only the value of the top-level model changes', async () => {
    const { backend, gateway } = await startRewriting();
    const field = fc.record({ key: fc.string({ maxLength: 5 }), value: fc.jsonValue({ maxDepth: 2 }) });
    const read = new Set(['model', 'messages', 'stream', 'stream_options']);
    const others = fc
      .uniqueArray(field, { selector: ({ key }) => key, maxLength: 5 })
      .map((fields) => fields.filter(({ key }) => !read.has(key)));
    const space = fc.constantFrom('', ' ', '\n\t');
    const property = fc.asyncProperty(others, fc.nat(6), space, async (fields, at, gap) => {
      const rest = [...fields, { key: 'messages', value: [{ role: 'user', content: 'x', model: 'y' }] }];
      const texts = rest.map(({ key, value }) => `${gap}${JSON.stringify(key)}:${gap}${JSON.stringify(value)}${gap}`);
      const body = (model: string) => {
        const all = [...texts];
        all.splice(at % (texts.length + 1), 0, `"model":${gap}${model}${gap}`);
        return `{${all.join(',')}}`;
      };
      backend.reset();
      expect((await gateway.post(chatPath, body(inner))).status).toBe(200);
      expect(backend.posts()[0]?.body.toString()).toBe(body('"outer/\\"é\\""'));
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

const events = [
  ': a comment\n\n',
  'data: {"id":"1","model":"outer-2024","choices":[{"index":0,"delta":{"role":"assistant","content":"ü\u{1F600}日本"}}]}\n\n',
  'event: message\r\nid: 7\r\ndata: {"choices":[{"index":0,"delta":{"content":"\\"model\\":\\"x\\""}}],"model" : "外の\u{1F600}" }\r\n\r\n',
  'data: {"no":"name","choices":[{"index":0,"delta":{"content":"y"},"finish_reason":"stop"}]}\n\n',
  'data:{"model":"outer","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n',
  'data: [DONE]\n\n',
].join('');

const expected = events
  .replace('"outer-2024"', inner)
  .replace('"外の\u{1F600}"', inner)
  .replace('"model":"outer"', `"model":${inner}`);

describe('a stream cut anywhere', () => {
  async function through(gateway: TestGateway): Promise<string> {
    const body = JSON.stringify(chat({ model: internal, stream: true, stream_options: { include_usage: true } }));
    const answer = await send(`${gateway.url}${chatPath}`, { body });
    expect(answer.complete).toBe(true);
    return answer.text;
  }

  test('byte by byte', async () => {
    const { backend, gateway } = await startRewriting();
    backend.use({ replies: [{ chunks: [events], chunk_bytes: 1, chunk_delay_ms: 1 }] });
    expect(await through(gateway)).toBe(expected);
  });

  test('at every place in two', async () => {
    const { backend, gateway } = await startRewriting();
    const bytes = Buffer.from(events);
    const replies = Array.from({ length: bytes.length - 1 }, (_, cut) => ({
      chunks: [bytes.subarray(0, cut + 1), bytes.subarray(cut + 1)],
      chunk_delay_ms: 4,
    }));
    backend.use({ replies });
    for (let from = 0; from < replies.length; from += 40) {
      const texts = await Promise.all(replies.slice(from, from + 40).map(() => through(gateway)));
      for (const text of texts) expect(text).toBe(expected);
    }
    expect(backend.posts()).toHaveLength(bytes.length - 1);
  });

  test('at any number of places, compressed or not', async () => {
    const { backend, gateway } = await startRewriting();
    const bytes = Buffer.from(events);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 });
    const property = fc.asyncProperty(cuts, fc.boolean(), async (places, gzip) => {
      const ends = [...places.toSorted((a, b) => a - b), bytes.length];
      const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      backend.use({ replies: [{ chunks, chunk_delay_ms: 1, gzip }] });
      expect(await through(gateway)).toBe(expected);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('who did not ask for usage gets all but the usage event', async () => {
    const { backend, gateway } = await startRewriting();
    backend.use({ replies: [{ chunks: [events], chunk_bytes: 7, chunk_delay_ms: 1 }] });
    const text = await (await gateway.post(chatPath, chat({ model: internal, stream: true }))).text();
    expect(text).toBe(expected.replace(/data:\{"model":.*?\n\n/, ''));
    expect(text).not.toContain('total_tokens');
  });

  test('an error event goes on as it came and is the last', async () => {
    const { backend, gateway } = await startRewriting();
    const first = 'data: {"model":"outer","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
    const error = 'data: {"error":{"message":"overloaded","model":"outer","code":7.0}}\n\n';
    backend.use({ replies: [{ chunks: [first, error], chunk_bytes: 9, chunk_delay_ms: 1 }] });
    const text = await (await gateway.post(chatPath, chat({ model: internal, stream: true }))).text();
    expect(text).toBe(first.replace('"outer"', inner) + error);
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ outcome: 'broken', code: 'upstream_error' });
  });

  test('an event without its end is not passed on', async () => {
    const { backend, gateway } = await startRewriting();
    const first = 'data: {"model":"outer","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
    backend.use({ replies: [{ chunks: [first, 'data: {"model":"outer","cho'], chunk_delay_ms: 5 }] });
    const text = await (await gateway.post(chatPath, chat({ model: internal, stream: true }))).text();
    expect(text).not.toContain('"cho\n');
    expect(text).toContain('"error"');
    expect(text.split('\n\n').filter(Boolean)).toHaveLength(2);
  });
});
