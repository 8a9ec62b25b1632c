import { describe, expect, it } from 'vitest';
import { until } from '../custom-backends/rig.ts';
import { startRouting, textOf } from './rig.ts';

describe('a hedged route', () => {
  const settings = (hedge: object) => ({ routes: { r: { model: ['a:m', 'b:m'], hedge } } });
  const slow = { content: 'from a', delay_ms: 2000 };

  it('asks a second candidate where the first is slow, and cancels the slower one', async () => {
    for (const stream of [false, true]) {
      const { chat, backend, gateway } = await startRouting({
        backends: { a: [slow], b: [{ content: 'from b' }] },
        settings: settings({ after: 0.1, max_extra: '100%' }),
      });
      const started = performance.now();
      const answer = await chat({ stream });
      expect(textOf(answer)).toBe('from b');
      expect(performance.now() - started).toBeLessThan(1500);
      expect(answer.headers['x-headrace-tries']).toMatch(/^a:m;lost;.*, b:m;ok;/);
      await until(() => backend('a').posts()[0]?.aborted === true, 'the slower one was cancelled');
      expect(gateway.log().filter((line) => line.msg === 'request')).toHaveLength(1);
    }
  });

  it('leaves a fast first candidate alone', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a' }], b: [{ content: 'from b' }] },
      settings: settings({ after: 1, max_extra: '100%' }),
    });
    for (let turn = 0; turn < 10; turn++) expect(textOf(await chat())).toBe('from a');
    expect(calls()).toEqual({ a: 10, b: 0 });
  });

  it('never makes more extra calls than it may', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a', delay_ms: 60 }], b: [{ content: 'from b' }] },
      settings: settings({ after: 0.01, max_extra: '10%' }),
    });
    for (let turn = 0; turn < 60; turn++) await chat();
    expect(calls().a).toBe(60);
    expect(calls().b).toBeGreaterThanOrEqual(1);
    expect(calls().b).toBeLessThanOrEqual(60 * 0.1 + 1);
  });

  it('waits for what the candidate usually takes', async () => {
    const { chat, calls } = await startRouting({
      backends: {
        a: (_request, turn) => ({ content: 'from a', delay_ms: turn < 30 ? 1 : 1500 }),
        b: [{ content: 'from b' }],
      },
      settings: settings({ after: 'p95', max_extra: '50%' }),
    });
    for (let turn = 0; turn < 30; turn++) await chat();
    expect(textOf(await chat())).toBe('from b');
    expect(calls().a).toBe(31);
  });

  it('takes the second where the first fails meanwhile, and the first where the second does', async () => {
    const first = await startRouting({
      backends: { a: [{ status: 500, delay_ms: 200 }], b: [{ content: 'from b', delay_ms: 300 }] },
      settings: settings({ after: 0.05, max_extra: '100%' }),
    });
    expect(textOf(await first.chat())).toBe('from b');
    const second = await startRouting({
      backends: { a: [{ content: 'from a', delay_ms: 400 }], b: [{ status: 500 }] },
      settings: settings({ after: 0.05, max_extra: '100%' }),
    });
    expect(textOf(await second.chat())).toBe('from a');
  });

  it('cancels both when the client leaves', async () => {
    const { chat, backend, calls } = await startRouting({
      backends: { a: [{ hang: true }], b: [{ hang: true }] },
      settings: settings({ after: 0.02, max_extra: '100%' }),
    });
    const leaving = new AbortController();
    const chatting = chat({ stream: true }, { signal: leaving.signal }).catch(() => undefined);
    await until(() => calls().b === 1, 'the second was asked');
    leaving.abort();
    await chatting;
    for (const name of ['a', 'b']) {
      await until(() => backend(name).posts()[0]?.aborted === true, `${name} was cancelled`);
    }
  });
});

describe('a race', () => {
  const settings = { routes: { r: { model: 'a:m!b:m' } } };

  it('is won by the first output, and the others are cancelled', async () => {
    const { chat, backend, calls } = await startRouting({
      backends: {
        a: [{ content: 'from a', first_byte_delay_ms: 1500 }],
        b: [{ content: 'from b', first_byte_delay_ms: 20 }],
      },
      settings,
    });
    const answer = await chat({ stream: true });
    expect(textOf(answer)).toBe('from b');
    expect(answer.headers['x-headrace-tries']).toMatch(/a:m;lost;/);
    expect(calls()).toEqual({ a: 1, b: 1 });
    await until(() => backend('a').posts()[0]?.aborted === true, 'the loser was cancelled');
  });

  it('is not lost by one that sends its role first', async () => {
    const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n';
    const { chat } = await startRouting({
      backends: {
        a: [{ chunks: [role, role], hang_after_chunks: 1 }],
        b: [{ content: 'from b', first_byte_delay_ms: 100 }],
      },
      settings,
    });
    expect(textOf(await chat({ stream: true }))).toBe('from b');
  });

  it('is run by nobody for whole answers, which would all be paid for', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a' }], b: [{ content: 'from b' }] },
      settings,
    });
    for (let turn = 0; turn < 5; turn++) expect(textOf(await chat())).toMatch(/^from [ab]$/);
    expect((calls().a ?? 0) + (calls().b ?? 0)).toBe(5);
  });

  it('goes on with the others where one fails, and tells the error where all do', async () => {
    const one = await startRouting({
      backends: { a: [{ status: 500 }], b: [{ content: 'from b', delay_ms: 100 }] },
      settings,
    });
    expect(textOf(await one.chat({ stream: true }))).toBe('from b');
    const none = await startRouting({ backends: { a: [{ status: 500 }], b: [{ status: 500 }] }, settings });
    expect((await none.chat({ stream: true })).status).toBe(502);
  });
});
