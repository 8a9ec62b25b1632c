import { describe, expect, it } from 'vitest';
import { until } from '../custom-backends/rig.ts';
import { startRouting, textOf } from './rig.ts';

const rated = (limits: object) => `models: ${JSON.stringify({ m: { limits } })}\n`;

describe('the rates of a candidate', () => {
  it('send calls to the next one when they are used up, and refuse where all are', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: {}, b: {} },
      yaml: { a: rated({ requests_per_minute: 2 }), b: rated({ requests_per_minute: 3 }) },
      settings: { routes: { r: { model: ['a:m', 'b:m'] } } },
    });
    const answers = [];
    for (let turn = 0; turn < 7; turn++) answers.push(await chat());
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(answers.map(({ headers }) => headers['x-headrace-backend'])).toEqual([
      'a',
      'a',
      'b',
      'b',
      'b',
      undefined,
      undefined,
    ]);
    expect(calls()).toEqual({ a: 2, b: 3 });
    const refused = answers.at(-1);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(50);
    expect(JSON.parse(refused?.text ?? '').attempts).toMatchObject([
      { backend: 'a', sent: false, code: 'rate_limit_exceeded' },
      { backend: 'b', sent: false, code: 'rate_limit_exceeded' },
    ]);
  });

  it('count one call, however often it is tried there, and give back the tokens of what failed', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: (_request, turn) => (turn < 2 ? { status: 500 } : { content: 'ok' }), b: {} },
      yaml: {
        all: 'max_retries: 3\nretry_delay: 0.01\n',
        a: rated({ requests_per_minute: 2, tokens_per_minute: 1000, max_output_tokens: 100 }),
      },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    expect((await chat()).status).toBe(200);
    const second = await chat();
    expect(second.status).toBe(200);
    expect(calls().a).toBe(4);
    expect(second.headers['x-ratelimit-remaining-requests']).toBe('0');
    expect((await chat()).status).toBe(429);
  });

  it('take of the loser of a race what its prompt has', async () => {
    const limits = { tokens_per_minute: 10_000, max_output_tokens: 5000 };
    const { chat, backend, gateway } = await startRouting({
      backends: { a: [{}, { hang: true }, {}], b: [{ content: 'from b', delay_ms: 200 }] },
      yaml: { a: rated(limits) },
      settings: { routes: { r: { model: 'a:m!b:m' } } },
    });
    const messages = [{ role: 'user', content: 'hi' }];
    const direct = () => gateway.post('/v1/chat/completions', { model: 'a:m', messages, max_tokens: 1 });
    const left = async () => Number((await direct()).headers.get('x-ratelimit-remaining-tokens'));
    const before = await left(); // which also loads the token counter
    expect(textOf(await chat({ stream: true }))).toBe('from b');
    await until(() => backend('a').posts()[1]?.aborted === true, 'the loser was cancelled');
    expect(before - (await left())).toBeGreaterThan(3);
    expect(before - (await left())).toBeLessThan(200);
  });
});

describe('routes as models', () => {
  it('are listed, allowed by key, and no longer there once they are left out', async () => {
    const settings = {
      routes: { r: { model: ['a:m', 'b:m'] }, s: { model: 'b:m' } },
      keys: [{ name: 'u', key_env_var: 'U', models: ['r'] }],
    };
    const { gateway } = await startRouting({
      backends: { a: {}, b: {} },
      settings,
      env: { U: 'sk-user-of-routes-1', HEADRACE_ADMIN_KEY: 'sk-admin-of-routes-1' },
    });
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const list = async (key: string) => {
      const { data } = (await (await gateway.get('/v1/models', as(key))).json()) as { data: { id: string }[] };
      return data.map(({ id }) => id);
    };
    expect(await list('sk-admin-of-routes-1')).toEqual(expect.arrayContaining(['r', 's']));
    expect(await list('sk-user-of-routes-1')).toEqual(['r']);
    const messages = [{ role: 'user', content: 'x' }];
    const ask = (model: string) => gateway.post('/v1/chat/completions', { model, messages }, as('sk-user-of-routes-1'));
    expect((await ask('r')).status).toBe(200);
    expect((await ask('s')).status).toBe(404);
    expect((await ask('a:m')).status).toBe(404);
  });
});
