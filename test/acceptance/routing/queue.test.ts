import { describe, expect, it } from 'vitest';
import { postTo, until } from '../custom-backends/rig.ts';
import { startRouting, textOf } from './rig.ts';

describe('a backend with max_concurrent', () => {
  const slow = { content: 'from a', delay_ms: 60 };

  it('never gets more calls at a time, and the others wait', async () => {
    let running = 0;
    let most = 0;
    const { chat } = await startRouting({
      backends: {
        a: async () => {
          running++;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 30));
          running--;
          return { content: 'from a' };
        },
      },
      yaml: { a: 'max_concurrent: 3\n' },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat()));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(most).toBe(3);
  });

  it('lets calls go elsewhere before they wait', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [slow], b: [slow] },
      yaml: { a: 'max_concurrent: 2\n' },
      settings: { routes: { r: { model: ['a:m', 'b:m'] } } },
    });
    await Promise.all(Array.from({ length: 6 }, () => chat()));
    expect(calls()).toEqual({ a: 2, b: 4 });
  });

  it('refuses with 503 and when to come again where the queue is full', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: [{ content: 'from a', delay_ms: 300 }] },
      yaml: { a: 'max_concurrent: 1\nqueue: {size: 2}\n' },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => chat()));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(2);
    expect(calls().a).toBe(3);
    for (const answer of refused) {
      expect(JSON.parse(answer.text).error.code).toBe('overloaded');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(JSON.parse(answer.text).error.message).toContain('max_concurrent');
    }
  });

  it('gives a place back when a client leaves, waiting or not', async () => {
    const { chat, calls } = await startRouting({
      backends: { a: (_request, turn) => (turn === 0 ? { hang: true } : { content: 'from a' }) },
      yaml: { a: 'max_concurrent: 1\n' },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    const leaving = [new AbortController(), new AbortController()];
    const left = leaving.map(({ signal }) => chat({}, { signal }).catch(() => undefined));
    await until(() => calls().a === 1, 'the first call arrived');
    for (const controller of leaving) controller.abort();
    await Promise.all(left);
    expect(textOf(await chat())).toBe('from a');
  });

  it('lets others go before those that are nice', async () => {
    const order: string[] = [];
    const { chat, calls, gateway } = await startRouting({
      backends: {
        a: async (request) => {
          order.push(String(request.json.user));
          await new Promise((resolve) => setTimeout(resolve, 40));
          return { content: 'x' };
        },
      },
      yaml: { a: 'max_concurrent: 1\n' },
      settings: { routes: { r: { model: 'a:m' } } },
    });
    const running = chat({ user: 'first' });
    await until(() => calls().a === 1, 'the first runs');
    const nice = postTo(`${gateway.url}/v1/chat/completions?nice=true`, {
      model: 'r',
      user: 'nice',
      messages: [{ role: 'user', content: 'x' }],
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([running, nice, chat({ user: 'other' }), chat({ user: 'other' })]);
    expect(order).toEqual(['first', 'other', 'other', 'nice']);
  });
});
