import { describe, expect, it } from 'vitest';
import { until } from '../custom-backends/rig.ts';
import { startRouting, textOf } from './rig.ts';

const inOrder = { routes: { r: { model: ['a:m', 'b:m'] } } };

describe('a candidate that keeps failing', () => {
  it('is left alone after five failures, and comes back by one probe', async () => {
    let isBroken = true;
    const { chat, calls } = await startRouting({
      backends: { a: () => (isBroken ? { status: 500 } : { content: 'from a' }), b: [{ content: 'from b' }] },
      yaml: { a: 'breaker: {failures: 5, open: 0.4, longest: 0.4}\n' },
      settings: inOrder,
    });
    for (let turn = 0; turn < 12; turn++) expect(textOf(await chat())).toBe('from b');
    expect(calls().a).toBe(5);
    isBroken = false;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(textOf(await chat())).toBe('from a');
    expect(calls().a).toBe(6);
  });

  it('gets one probe at a time', async () => {
    let isBroken = true;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slowly = async () => {
      await held;
      return { content: 'from a' };
    };
    const { chat, calls } = await startRouting({
      backends: { a: () => (isBroken ? { status: 500 } : slowly()), b: [{ content: 'from b' }] },
      yaml: { a: 'breaker: {failures: 2, open: 0.2, longest: 0.2}\n' },
      settings: inOrder,
    });
    for (let turn = 0; turn < 2; turn++) await chat();
    isBroken = false;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const probe = chat();
    await until(() => calls().a === 3, 'the probe arrived');
    const others = await Promise.all(Array.from({ length: 10 }, () => chat()));
    expect(others.map(textOf)).toEqual(Array(10).fill('from b'));
    expect(calls().a).toBe(3);
    release();
    expect(textOf(await probe)).toBe('from a');
  });

  it('is asked all the same where there is no other', async () => {
    let isBroken = true;
    const { chat } = await startRouting({
      backends: { a: () => (isBroken ? { status: 500 } : { content: 'from a' }) },
      yaml: { a: 'breaker: {failures: 2, open: 60, longest: 60}\n' },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    for (let turn = 0; turn < 5; turn++) expect((await chat()).status).toBe(502);
    isBroken = false;
    expect(textOf(await chat())).toBe('from a');
  });

  it('is not blamed for what a client or a key did wrong', async () => {
    for (const status of [400, 401, 404, 422, 429]) {
      let isBroken = true;
      const { chat, calls } = await startRouting({
        backends: {
          a: () => (isBroken ? { status, headers: { 'retry-after-ms': '1' } } : { content: 'from a' }),
          b: [{ content: 'from b' }],
        },
        yaml: { a: 'breaker: {failures: 2, open: 60, longest: 60}\n' },
        settings: inOrder,
      });
      for (let turn = 0; turn < 6; turn++) await chat();
      isBroken = false;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect([status, textOf(await chat())]).toEqual([status, 'from a']);
      expect(calls().a).toBe(7);
    }
  });

  it('is blamed for streams that break after their first output', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'one two three', cut_after_chunks: 3 }], b: [{ content: 'from b' }] },
      yaml: { a: 'breaker: {failures: 5, open: 60, longest: 60}\n' },
      settings: inOrder,
    });
    for (let turn = 0; turn < 30; turn++) await chat({ stream: true });
    expect(calls().a).toBeLessThan(25);
    expect(textOf(await chat({ stream: true }))).toBe('from b');
  });
});

describe('a key that is over its limit', () => {
  it('rests as long as the backend says, for that model alone', async () => {
    let isOver = true;
    const { chat, calls } = await startRouting({
      backends: {
        a: (request) =>
          isOver && request.model === 'm'
            ? { status: 429, headers: { 'retry-after-ms': '400' } }
            : { content: 'from a' },
        b: [{ content: 'from b' }],
      },
      settings: { routes: { r: { model: ['a:m', 'b:m'] }, s: { model: ['a:n', 'b:m'] } } },
    });
    expect(textOf(await chat())).toBe('from b');
    isOver = false;
    expect(textOf(await chat())).toBe('from b');
    expect(calls().a).toBe(1);
    expect(textOf(await chat({ model: 's' }))).toBe('from a');
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(textOf(await chat())).toBe('from a');
  });

  it('answers 429 with the rest of its time where there is no other', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ status: 429, retry_after: 20 }, { content: 'from a' }] },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    expect((await chat()).status).toBe(429);
    const answer = await chat();
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([429, 'rate_limit_exceeded']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(15);
    expect(calls().a).toBe(1);
  });
});
