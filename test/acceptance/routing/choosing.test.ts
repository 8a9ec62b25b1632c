import { describe, expect, it } from 'vitest';
import { startRouting, textOf } from './rig.ts';

const two = { a: [{ content: 'from a' }], b: [{ content: 'from b' }] };
const message = (content: unknown) => ({ messages: [{ role: 'user', content }] });

describe('which candidate a route takes', () => {
  it('is in proportion to the weights', async () => {
    const { chat, calls } = await startRouting({
      backends: two,
      settings: { routes: { r: { model: '[weight=3]a:m^b:m' } } },
    });
    for (let turn = 0; turn < 200; turn++) await chat(message(`conversation ${turn}`));
    expect(calls().a).toBeGreaterThan(120);
    expect(calls().b).toBeGreaterThan(20);
  });

  it('is the same for all turns of a conversation', async () => {
    const { chat } = await startRouting({ backends: two, settings: { routes: { r: { model: 'a:m^b:m' } } } });
    const seen = new Set<string>();
    for (let talk = 0; talk < 8; talk++) {
      const messages = [
        { role: 'system', content: 'You help.' },
        { role: 'user', content: `question ${talk}` },
      ];
      const first = textOf(await chat({ messages }));
      seen.add(first);
      for (let turn = 0; turn < 5; turn++) {
        messages.push({ role: 'assistant', content: 'so' }, { role: 'user', content: `and ${turn}?` });
        expect(textOf(await chat({ messages }))).toBe(first);
      }
    }
    expect(seen.size).toBe(2);
  });

  it('is the one with fewer calls', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a', delay_ms: 300 }], b: [{ content: 'from b', delay_ms: 300 }] },
      settings: { routes: { r: { candidates: ['a:m', 'b:m'], strategy: 'least-busy', affinity: false } } },
    });
    await Promise.all(Array.from({ length: 10 }, () => chat()));
    expect(calls()).toEqual({ a: 5, b: 5 });
  });

  it('is the faster one', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a', delay_ms: 60 }], b: [{ content: 'from b' }] },
      settings: { routes: { r: { candidates: ['a:m', 'b:m'], strategy: 'lowest-latency', affinity: false } } },
    });
    for (let turn = 0; turn < 40; turn++) await chat();
    expect(calls().b).toBeGreaterThan(30);
  });

  it('is the cheaper one', async () => {
    const prices = (input: number, output: number) => `models: {m: {prices: {input: ${input}, output: ${output}}}}\n`;
    const { chat, calls } = await startRouting({
      backends: { ...two, c: [{ content: 'from c' }] },
      yaml: { a: prices(5, 15), b: prices(0.1, 0.4) },
      settings: { routes: { r: { candidates: ['a:m', 'c:m', 'b:m'], strategy: 'lowest-cost' } } },
    });
    for (let turn = 0; turn < 5; turn++) await chat();
    expect(calls()).toEqual({ a: 0, b: 5, c: 0 });
  });

  it('is one of a later tier only where the earlier ones fail', async () => {
    let isBroken = false;
    const { chat } = await startRouting({
      backends: { a: () => (isBroken ? { status: 500 } : { content: 'from a' }), b: [{ content: 'from b' }] },
      settings: { routes: { r: { candidates: [{ model: 'b:m', tier: 1 }, 'a:m'] } } },
    });
    expect(textOf(await chat())).toBe('from a');
    isBroken = true;
    expect(textOf(await chat())).toBe('from b');
  });
});

describe('conditions of candidates', () => {
  it('are what the request needs of a model', async () => {
    const { chat } = await startRouting({
      backends: two,
      settings: {
        routes: { r: { candidates: [{ model: 'a:m', abilities: ['streaming'] }, 'b:m'] } },
      },
    });
    expect(textOf(await chat())).toBe('from a');
    expect(textOf(await chat({ tools: [] }))).toBe('from a');
    expect(textOf(await chat({ tools: [{ type: 'function', function: { name: 'f' } }] }))).toBe('from b');
    expect(textOf(await chat({ response_format: { type: 'json_schema', json_schema: {} } }))).toBe('from b');
    expect(textOf(await chat({ response_format: { type: 'json_object' } }))).toBe('from a');
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    expect(textOf(await chat(message([image])))).toBe('from b');
    expect(textOf(await chat(message('an "image_url" in words')))).toBe('from a');
  });

  it('are headers and metadata of the request', async () => {
    const { chat } = await startRouting({
      backends: { ...two, c: [{ content: 'from c' }] },
      settings: {
        routes: {
          r: {
            candidates: [
              { model: 'a:m', headers: { 'x-tier': ['gold', 'silver'] } },
              { model: 'b:m', metadata: { team: 'red' } },
              'c:m',
            ],
          },
        },
      },
    });
    expect(textOf(await chat({}, { headers: { 'x-tier': 'silver' } }))).toBe('from a');
    expect(textOf(await chat({ metadata: { team: 'red' } }, { headers: { 'x-tier': 'tin' } }))).toBe('from b');
    expect(textOf(await chat({ metadata: { team: 'blue' } }))).toBe('from c');
    expect(textOf(await chat({ metadata: null }))).toBe('from c');
  });

  it('refuse a request that none of the candidates takes, with the reasons', async () => {
    const { chat, calls } = await startRouting({
      backends: two,
      settings: { routes: { r: { candidates: [{ model: 'a:m', headers: { 'x-tier': 'gold' } }] } } },
    });
    const answer = await chat();
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error).toMatchObject({ code: 'invalid_request', param: 'model' });
    expect(JSON.parse(answer.text).error.message).toContain('x-tier');
    expect(calls()).toEqual({ a: 0, b: 0 });
  });

  it('set fields of the request, whatever the client sent', async () => {
    const { chat, backend } = await startRouting({
      backends: two,
      settings: { routes: { r: { model: 'a:m?temperature=0.5&top_p=1' } } },
    });
    await chat({ temperature: 2, user: 'x' });
    expect(backend('a').posts()[0]?.json).toMatchObject({ model: 'm', temperature: 0.5, top_p: 1, user: 'x' });
  });
});

describe('a prompt that is too long for a candidate', () => {
  const window = (tokens: number) => `models: {m: {limits: {context_window: ${tokens}}}}\n`;
  const long = 'word '.repeat(300);

  it('goes to one with a larger window', async () => {
    const { chat, calls } = await startRouting({
      backends: two,
      yaml: { a: window(100), b: window(10_000) },
      settings: { routes: { r: { model: ['a:m', 'b:m'] } } },
    });
    expect(textOf(await chat())).toBe('from a');
    const answer = await chat(message(long));
    expect(textOf(answer)).toBe('from b');
    expect(answer.headers['x-headrace-tries']).toMatch(/^a:m;context_length_exceeded;not sent, b:m;ok;/);
    expect(calls()).toEqual({ a: 1, b: 1 });
  });

  it('is held against the route’s own bound of a candidate', async () => {
    const { chat } = await startRouting({
      backends: two,
      settings: { routes: { r: { model: '[max_context=100]a:m|b:m' } } },
    });
    expect(textOf(await chat())).toBe('from a');
    expect(textOf(await chat(message(long)))).toBe('from b');
  });

  it('goes to one with a larger window where the backend says so, and blames nobody', async () => {
    const overflow = {
      status: 400,
      json: {
        error: {
          message: "This model's maximum context length is 100 tokens. However, your messages resulted in 300 tokens.",
          code: 'context_length_exceeded',
        },
      },
    };
    const { chat, calls } = await startRouting({
      backends: { a: [overflow], b: [{ content: 'from b' }], c: [{ content: 'from c' }] },
      yaml: { a: window(1000), b: window(500), c: window(100_000) },
      settings: { routes: { r: { model: ['a:m', 'b:m', 'c:m'] } } },
    });
    for (let turn = 0; turn < 8; turn++) expect(textOf(await chat(message('short')))).toBe('from c');
    expect(calls()).toEqual({ a: 8, b: 0, c: 8 });
  });

  it('is refused with the largest window where no candidate takes it', async () => {
    const { chat } = await startRouting({
      backends: two,
      yaml: { a: window(100), b: window(200) },
      settings: { routes: { r: { model: ['a:m', 'b:m'] } } },
    });
    const answer = await chat(message(long));
    const body = JSON.parse(answer.text);
    expect([answer.status, body.error.code]).toEqual([400, 'context_length_exceeded']);
    expect(body.detail.details.limit).toBe(200);
  });
});
