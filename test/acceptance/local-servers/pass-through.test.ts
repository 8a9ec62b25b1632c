import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { eventsOf, send } from '../../fake-backend/http-client.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, startAt } from './chat.ts';

/** What re-serialising would change: large integers, 1.0, escapes, spaces, unknown fields, repeated nested keys. */
const awkward = `{ "model" :\t"MODEL","seed": 18446744073709551615, "temperature":1.0,"top_p":1E-1,
  "min_p":0.05,"chat_template_kwargs":{"enable_thinking":false},"cache_prompt":true,"grammar":"root ::= \\u0022x\\u0022\\/",
  "n":2, "logit_bias":{"10":1,"2":-0,"10":3}, "response_format":null,
  "messages":[{"role":"user","content":[{"type":"text","text":"caf\\u00e9 \u{1F600}\\ud83d\\ude00"},
  {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},
  {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{ }"}}]},
  {"role":"tool","tool_call_id":"c","content":"User: x\\nAssistant: y"}] , "stream":false }\r\n`;

describe('pass-through', () => {
  test.each(['m', 'llama3.2:1b', 'hf.co/org/model:Q4_K_M', 'gpt-4o', 'unknown:with:colons', 'a/b', 'ü:ñ', 'moa_x'])(
    'A22 R13 with the model %s every byte arrives as it was sent',
    async (model) => {
      const backend = await startFakeBackend();
      const gateway = await startAt(backend.url);
      const body = awkward.replace('MODEL', model);
      expect((await gateway.post(chatPath, body)).status).toBe(200);
      expect(backend.posts()[0]?.body.toString()).toBe(body);
    },
  );

  test('A22 with a backend in front of the model only the model changes', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.url);
    expect((await gateway.post(chatPath, awkward.replace('MODEL', 'default:llama3.2:1b'))).status).toBe(200);
    expect(backend.posts()[0]?.body.toString()).toBe(awkward.replace('MODEL', 'llama3.2:1b'));
  });

  test('A22 in a stream the wish for usage is added and nothing else', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.url);
    const body = awkward.replace('"stream":false', '"stream":true');
    await (await gateway.post(chatPath, body)).text();
    const arrived = backend.posts()[0]?.body.toString() ?? '';
    expect(arrived.replace(',"stream_options":{"include_usage":true}', '')).toBe(body);
    expect(arrived).not.toBe(body);
  });

  test('A22 answers come back byte for byte, also with lines such as "User:"', async () => {
    const text = `{ "id":"x","object":"chat.completion", "created":1.0,"model":"dated-2024","big":12345678901234567890,
      "choices":[{"index":0,"message":{"role":"assistant","content":"User: a\\nAssistant: b\\u00e9","reasoning_content":"r"}}],
      "timings":{"prompt_n":1} }\n`;
    const headers = { 'content-type': 'application/json' };
    const backend = await startFakeBackend([
      { text, headers },
      { text, headers, gzip: true },
    ]);
    const gateway = await startAt(backend.url);
    expect(await (await gateway.post(chatPath, chat())).text()).toBe(text);
    const unpacked = await gateway.post(chatPath, chat());
    expect(await unpacked.text()).toBe(text);
    expect(unpacked.headers.get('content-encoding')).toBeNull();
  });

  test.each(['/v1', ''])('completions and embeddings pass too (under %j)', async (prefix) => {
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.url);
    const bodies = {
      completions: '{"prompt": "x" ,"model":"m","seed":1e2}',
      embeddings: '{"input":["a"],"model":"m" }',
    };
    for (const [name, body] of Object.entries(bodies)) {
      expect((await gateway.post(`${prefix}/${name}`, body)).status).toBe(200);
      expect(backend.posts().at(-1)?.path).toBe(`/v1/${name}`);
      expect(backend.posts().at(-1)?.body.toString()).toBe(body);
    }
  });

  test('R13 a known backend in front of the colon is taken away, any other name passes whole', async () => {
    const own = await startFakeBackend();
    const other = await startFakeBackend();
    const files = { 'backends/other/backend.yaml': backendYaml(other.baseUrl) };
    const gateway = await startTestGateway({ files, flags: { baseUrl: own.url } });
    for (const model of ['other:x:y', 'others:x', 'a/other:x', 'default:z', 'OTHER:x']) {
      expect((await gateway.post(chatPath, chat({ model }))).status).toBe(200);
    }
    expect(other.posts().map(({ model }) => model)).toEqual(['x:y']);
    expect(own.posts().map(({ model }) => model)).toEqual(['others:x', 'a/other:x', 'z', 'OTHER:x']);
  });
});

describe('streams (A23)', () => {
  test("the client's first event comes before the server's last", async () => {
    const backend = await startFakeBackend([{ chunk_delay_ms: 150, content: 'one two three four' }]);
    const gateway = await startAt(backend.url);
    const answer = await send(`${gateway.url}${chatPath}`, { body: JSON.stringify(chat({ stream: true })) });
    await backend.posts()[0]?.ended;
    expect(answer.pieces.length).toBeGreaterThan(3);
    expect(answer.pieces[0]?.at).toBeLessThan((backend.posts()[0]?.endedAt ?? 0) - 400);
  });

  test('deltas of tool calls are intact, to the byte', async () => {
    const call = { name: 'f', arguments: '{"city":"K\\u00f6ln", "n": 1.0}' };
    const script = [{ tool_calls: [call, { name: 'g' }], usage: null }];
    const backend = await startFakeBackend(script);
    const gateway = await startAt(backend.url);
    const body = JSON.stringify(chat({ stream: true, stream_options: { include_usage: true } }));
    const direct = await send(`${backend.baseUrl}/chat/completions`, { body });
    const through = await send(`${gateway.url}${chatPath}`, { body });
    const normal = (text: string) => text.replaceAll(/chatcmpl-mock-\d+|"created":\d+/g, '');
    expect(normal(through.text)).toBe(normal(direct.text));
    expect(through.text).toContain('tool_calls');
  });

  test.each([undefined, {}, { include_usage: false }, null])(
    'with stream_options %j there is no usage chunk',
    async (stream_options) => {
      const backend = await startFakeBackend();
      const gateway = await startAt(backend.url);
      const answer = await gateway.post(chatPath, chat({ stream: true, stream_options }));
      const events = eventsOf(await answer.text()) as { choices: unknown[]; usage?: unknown }[];
      expect(events.at(-1)).toBe('[DONE]');
      expect(events.filter((event) => event.usage || event.choices?.length === 0)).toEqual([]);
      expect(backend.posts()[0]?.json.stream_options).toEqual({ include_usage: true });
      await expect.poll(() => gateway.log().at(-1)).toMatchObject({ prompt_tokens: 1, completion_tokens: 1 });
    },
  );

  test('with include_usage there is exactly one', async () => {
    const backend = await startFakeBackend();
    const gateway = await startAt(backend.url);
    const answer = await gateway.post(chatPath, chat({ stream: true, stream_options: { include_usage: true } }));
    const events = eventsOf(await answer.text()) as { choices: unknown[]; usage?: unknown }[];
    expect(events.filter((event) => event.usage).map((event) => event.choices)).toEqual([[]]);
  });

  test.each([
    ['not streamed', { delay_ms: 60_000 }, false],
    ['streamed, before its first byte', { first_byte_delay_ms: 60_000 }, true],
    ['streamed, in the middle', { hang_after_chunks: 2 }, true],
  ])('a client that leaves ends the upstream request: %s', async (_what, reply, stream) => {
    const backend = await startFakeBackend([reply]);
    const gateway = await startAt(backend.url);
    const leave = new AbortController();
    const options = { body: JSON.stringify(chat({ stream })), signal: leave.signal };
    const answer = send(`${gateway.url}${chatPath}`, options).catch((error: Error) => error);
    const request = await backend.waitForPost(1);
    await sleep(100);
    expect(request.end).toBeUndefined();
    leave.abort();
    expect(await request.ended).toBe('aborted');
    await answer;
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ status: 499, outcome: 'cancelled' });
  });

  test("the server's own error event in the middle goes on as it came, and is the last", async () => {
    const error = 'data: {"error":{"message":"overloaded","code":7.0}}\n\n';
    const first = 'data: {"choices":[{"index":0,"delta":{"content":"\\"error\\""}}]}\n\n';
    const backend = await startFakeBackend([{ chunks: [first, error], chunk_delay_ms: 20 }]);
    const gateway = await startAt(backend.url);
    const answer = await gateway.post(chatPath, chat({ stream: true }));
    expect(await answer.text()).toBe(first + error);
    await expect.poll(() => gateway.log().at(-1)).toMatchObject({ outcome: 'broken', code: 'upstream_error' });
  });

  test('a stream that breaks ends in an error event and no [DONE]', async () => {
    const backend = await startFakeBackend([{ cut_after_chunks: 3, content: 'a b c d' }]);
    const gateway = await startAt(backend.url);
    const answer = await gateway.post(chatPath, chat({ stream: true }));
    const events = eventsOf(await answer.text()) as { error?: { code: string } }[];
    expect(events).toHaveLength(4);
    expect(events.at(-1)?.error?.code).toMatch(/^upstream_/);
    expect(backend.posts()).toHaveLength(1);
  });
});
