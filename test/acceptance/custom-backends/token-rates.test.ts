import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { measuredChat, tokensOf } from './expected-tokens.ts';
import { failure, forwardClock, hello, modelYaml, type Rig, startRig, until } from './rig.ts';

const measured = measuredChat(hello);
const total = 1000;
const limited = modelYaml({ tokens_per_minute: total });

/** How many tokens a call without any wish for output leaves in the window: so many are used, besides its own. */
async function usedTokens({ chat }: Pick<Rig, 'chat'>, model = 'u:m'): Promise<number> {
  const { headers } = await chat({ model, max_tokens: 0 });
  return total - Number(headers['x-ratelimit-remaining-tokens']) - measured;
}

/** What a call reserves: by the limits of its model, and by the fields that it has. */
const reservations: readonly (readonly [string, object, object, number])[] = [
  ['the input alone, where nothing is known of the output', {}, {}, measured],
  ['the input and the asked output', {}, { max_tokens: 100 }, measured + 100],
  ['the larger of both fields', {}, { max_tokens: 100, max_completion_tokens: 120 }, measured + 120],
  ['each of several choices', {}, { max_tokens: 100, n: 3 }, measured + 300],
  ['max_output_tokens, where nothing is asked', { max_output_tokens: 200 }, {}, measured + 200],
  ['the asked output before max_output_tokens', { max_output_tokens: 200 }, { max_tokens: 5 }, measured + 5],
  ['the whole budget at most, where nothing is asked', { max_output_tokens: 5000 }, {}, total],
];

describe('what of tokens_per_minute is reserved', () => {
  it('is the input and the output that was asked for, or else may come', async () => {
    const limits = reservations.map(([, more]) => ({ limits: { tokens_per_minute: total, ...more } }));
    const { chat } = await startRig({ yaml: `models: ${JSON.stringify({ ...limits })}` });
    for (const [index, [what, , fields, reserved]] of reservations.entries()) {
      const { status, headers } = await chat({ model: `u:${index}`, ...fields });
      expect([status, headers['x-ratelimit-limit-tokens']], what).toEqual([200, String(total)]);
      expect(headers['x-ratelimit-remaining-tokens'], what).toBe(String(total - reserved));
      expect(headers['x-ratelimit-reset-tokens'], what).toMatch(/^(1m0s|59s)$/);
      expect(headers, what).not.toHaveProperty('x-ratelimit-limit-requests');
    }
  });

  it('is the sum of a list of inputs for embeddings', async () => {
    const { post } = await startRig({ yaml: limited });
    const input = ['one two three', 'four', 'five six'];
    const { headers } = await post('/v1/embeddings', { model: 'u:m', input });
    const sum = input.reduce((tokens, text) => tokens + tokensOf(text), 0);
    expect(headers['x-ratelimit-remaining-tokens']).toBe(String(total - sum));
  });

  it('stays reserved while a call runs, exactly, under 50 calls at once', async () => {
    const { chat, backend } = await startRig({ script: () => ({ delay_ms: 100 }), yaml: limited });
    const fields = { max_tokens: 250 - measured }; // four of these fill the budget to the token
    const all = await Promise.all(Array.from({ length: 50 }, () => chat(fields)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(4);
    expect(all.filter(({ status }) => status === 429)).toHaveLength(46);
    expect(backend.posts()).toHaveLength(4);
  });
});

const usage = { prompt_tokens: 30, completion_tokens: 47 };
const content = 'alpha beta gamma delta';

/** How a call ends, and what it has taken then. */
const ends: readonly (readonly [string, MockReply, object, number])[] = [
  ['the usage of an answer', { usage }, {}, 77],
  ['the usage of a stream', { usage }, { stream: true }, 77],
  [
    'the usage of a stream that the client wants too',
    { usage },
    { stream: true, stream_options: { include_usage: true } },
    77,
  ],
  ['total_tokens before the sum of its parts', { usage: { ...usage, total_tokens: 300 } }, {}, 300],
  ['the count of input and answer, without usage', { usage: null, content }, {}, measured + tokensOf(content)],
  ['the same for a stream', { usage: null, content }, { stream: true }, measured + tokensOf(content)],
  ['nothing of a call that failed with a 400', { status: 400 }, {}, 0],
  ['nothing of a call that failed with a 500', { status: 500 }, {}, 0],
  ['nothing of a stream that died before its first event', { cut_after_chunks: 0 }, { stream: true }, 0],
];

describe('what of tokens_per_minute is settled', () => {
  it('is what the backend says, else what is counted, and nothing of a call that failed', async () => {
    const { chat } = await startRig({
      script: { routes: ends.map(([, reply], index) => ({ model: String(index), replies: [reply, {}] })) },
      yaml: `max_retries: 0\nmodels: ${JSON.stringify({ ...ends.map(() => ({ limits: { tokens_per_minute: total } })) })}`,
    });
    for (const [index, [what, , fields]] of ends.entries()) {
      const { headers } = await chat({ model: `u:${index}`, max_tokens: 500, ...fields });
      expect(headers['x-ratelimit-remaining-tokens'], what).toBe(String(total - measured - 500));
    }
    await new Promise((resolve) => setTimeout(resolve, 200)); // an answer without usage is counted after its end
    for (const [index, [what, , , settled]] of ends.entries()) {
      expect(await usedTokens({ chat }, `u:${index}`), what).toBe(settled);
    }
  });

  it('is what came of a stream that the client left', async () => {
    const rig = await startRig({ script: [{ content, hang_after_chunks: 3 }, {}], yaml: limited });
    const leaving = new AbortController();
    const body = JSON.stringify({ ...hello, stream: true, max_tokens: 500 });
    const answer = await fetch(`${rig.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body,
      signal: leaving.signal,
    });
    const reader = answer.body?.getReader();
    for (let text = ''; !text.includes('beta'); ) text += new TextDecoder().decode((await reader?.read())?.value);
    leaving.abort();
    await until(() => rig.gateway.log().some(({ status }) => status === 499), 'the call is over');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await usedTokens(rig)).toBe(measured + tokensOf('alpha beta'));
  });

  it('may be more than was reserved, and then holds back what follows', async () => {
    const script = [{ usage: { prompt_tokens: 10, completion_tokens: 1490 } }, {}];
    const { chat } = await startRig({ script, yaml: limited });
    expect((await chat()).status).toBe(200);
    expect((await chat()).status).toBe(429);
    forwardClock(60_000);
    expect((await chat()).status).toBe(200);
  });
});

describe('a call over tokens_per_minute', () => {
  it('is refused with the seconds after which it would fit, and takes nothing', async () => {
    const script = [{ usage: { prompt_tokens: 450, completion_tokens: 450 } }, {}];
    const yaml = modelYaml({ tokens_per_minute: total, requests_per_minute: 3 });
    const { chat, backend } = await startRig({ script, yaml });
    await chat();
    forwardClock(20_000);
    for (let call = 0; call < 5; call++) {
      const answer = await chat({ max_tokens: 100 });
      const { status, error } = failure(answer);
      expect([status, error.code, error.type]).toEqual([429, 'rate_limit_exceeded', 'rate_limit_error']);
      expect(answer.headers['retry-after']).toMatch(/^(39|40)$/);
      expect(answer.headers['x-ratelimit-remaining-tokens']).toBe('100');
      expect(answer.headers['x-ratelimit-remaining-requests']).toBe('2');
    }
    expect(backend.posts()).toHaveLength(1);
    expect((await chat({ max_tokens: 5 })).status).toBe(200); // a smaller one fits
    forwardClock(40_000);
    expect((await chat({ max_tokens: 100 })).status).toBe(200);
  });

  it('takes nothing of the tokens where it is the requests that refuse', async () => {
    const yaml = modelYaml({ tokens_per_minute: total, requests_per_minute: 1 });
    const { chat } = await startRig({ script: [{ usage }], yaml });
    await chat();
    for (let call = 0; call < 5; call++) {
      const { status, headers } = await chat({ max_tokens: 100 });
      expect([status, headers['x-ratelimit-remaining-tokens']]).toEqual([429, String(total - 77)]);
    }
  });

  it('that could never pass is a 400: the input alone', async () => {
    const { chat, backend } = await startRig({ yaml: limited });
    const messages = [{ role: 'user', content: ' word'.repeat(1000) }];
    const { status, error, detail } = failure(await chat({ messages }));
    expect([status, error.code]).toEqual([400, 'context_length_exceeded']);
    expect(detail).toMatchObject({ details: { model: 'm', limit: total, measured: measuredChat({ messages }) } });
    expect(backend.posts()).toHaveLength(0);
  });

  it('that could never pass is a 400: the input with the asked output, also of several choices', async () => {
    const { chat } = await startRig({ yaml: limited });
    const allowed = total - measured;
    const refused = failure(await chat({ max_tokens: allowed + 1 }));
    expect([refused.status, refused.error.code, refused.error.param]).toEqual([
      400,
      'output_limit_exceeded',
      'max_tokens',
    ]);
    expect(refused.detail).toMatchObject({ details: { limit: total, requested: allowed + 1, measured, allowed } });
    const third = Math.floor(allowed / 3);
    const several = failure(await chat({ max_tokens: third + 1, n: 3 }));
    expect(several.detail).toMatchObject({ details: { requested: third + 1, allowed: third } });
    expect((await chat({ max_tokens: third, n: 3 })).status).toBe(200);
  });

  it('that could never pass is a 400: the sum of a list, though each entry fits', async () => {
    const { post } = await startRig({ yaml: modelYaml({ tokens_per_minute: 10, max_input_tokens: 8 }) });
    const ask = (input: number[][]) => post('/v1/embeddings', { model: 'u:m', input });
    expect(
      failure(
        await ask([
          [1, 2, 3, 4, 5, 6],
          [1, 2, 3, 4, 5],
        ]),
      ),
    ).toMatchObject({
      status: 400,
      error: { code: 'context_length_exceeded' },
      detail: { details: { limit: 10, measured: 11 } },
    });
    expect(
      (
        await ask([
          [1, 2, 3, 4, 5],
          [1, 2, 3, 4, 5],
        ])
      ).status,
    ).toBe(200);
  });
});
