import { describe, expect, it } from 'vitest';
import { failure, gapsBetweenPosts, startRig, until } from './rig.ts';

/** Timers may be early by a millisecond, and clocks are read at different ends. */
const slackMs = 5;

describe('the wait before a retry', () => {
  it('grows from retry to retry, within its random share', async () => {
    const script = [{ status: 500 }, { status: 500 }, { status: 500 }, {}];
    const { chat, backend } = await startRig({ script, yaml: 'max_retries: 3\nretry_delay: 0.1' });
    const answer = await chat();
    expect([answer.status, backend.posts().length]).toEqual([200, 4]);
    const gaps = gapsBetweenPosts(backend);
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(75 * 2 ** index - slackMs);
    expect(gaps[2]).toBeGreaterThan(gaps[0] as number);
  });

  it('differs from call to call', async () => {
    const { chat, backend } = await startRig({ script: [{ status: 500 }], yaml: 'max_retries: 1\nretry_delay: 0.2' });
    const calls = Array.from({ length: 20 }, (_, index) => String(index));
    for (const answer of await Promise.all(calls.map((user) => chat({ user })))) expect(answer.status).toBe(502);
    const gaps = calls.map((user) => {
      const [first, second] = backend.posts().filter((post) => post.json.user === user);
      return (second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0);
    });
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(150 - slackMs);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(40);
  });

  it.each([
    ['Retry-After in seconds', { retry_after: 1 }, 1000],
    ['Retry-After as a date', { retry_after_date: 1 }, 990],
    ['Retry-After with a fraction', { retry_after: '0.6' }, 600],
    ['retry-after-ms', { headers: { 'retry-after-ms': '400' } }, 400],
    ['retry-after-ms before Retry-After', { headers: { 'retry-after-ms': '300' }, retry_after: 20 }, 300],
  ])('is not less than what the backend says by %s', async (_how, hint, leastMs) => {
    const { chat, backend } = await startRig({ script: [{ status: 429, ...hint }, {}], yaml: 'retry_delay: 0.01' });
    const answer = await chat();
    expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([200, '2']);
    const [gap] = gapsBetweenPosts(backend);
    expect(gap).toBeGreaterThanOrEqual(leastMs - slackMs);
    expect(gap).toBeLessThan(leastMs + 5000);
  });

  it('is not less than retry_delay where the backend asks for less', async () => {
    const script = [{ status: 503, retry_after: 0 }, {}];
    const { chat, backend } = await startRig({ script, yaml: 'retry_delay: 0.4' });
    await chat();
    expect(gapsBetweenPosts(backend)[0]).toBeGreaterThanOrEqual(300 - slackMs);
  });

  it.each(['soon', '-5', ''])('is our own where Retry-After is %j', async (value) => {
    const script = [{ status: 503, retry_after: value }, {}];
    const { chat, backend } = await startRig({ script, yaml: 'retry_delay: 0.05' });
    expect((await chat()).status).toBe(200);
    expect(gapsBetweenPosts(backend)[0]).toBeLessThan(5000);
  });

  it('is made where 30 s are asked for, and ends when the client leaves', async () => {
    const { chat, backend, gateway } = await startRig({ script: [{ status: 429, retry_after: 30 }, {}] });
    const leaving = new AbortController();
    const call = chat({}, { signal: leaving.signal }).catch((error: Error) => error.name);
    await backend.waitForPost(1);
    const early = await Promise.race([call, new Promise((resolve) => setTimeout(() => resolve('waiting'), 300))]);
    expect(early).toBe('waiting');
    leaving.abort();
    expect(await call).toBe('AbortError');
    await until(() => gateway.log().some((line) => line.msg === 'request'), 'the call is over');
    expect(gateway.log().at(-1)).toMatchObject({ status: 499, outcome: 'cancelled', attempts: 1 });
  });

  it.each([
    ['in seconds', { retry_after: 600 }, 600, 600],
    ['as a date', { retry_after_date: 600 }, 590, 601],
    ['in milliseconds', { headers: { 'retry-after-ms': '30001' } }, 31, 31],
  ])('is not made where more than 30 s are asked for, %s', async (_how, hint, least, most) => {
    const { chat, backend } = await startRig({ script: [{ status: 429, ...hint }, {}] });
    const answer = await chat();
    expect(failure(answer)).toMatchObject({ status: 429, error: { code: 'rate_limit_exceeded' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(least);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(most);
    expect(backend.posts()).toHaveLength(1);
  });

  it('is not made for a 5xx either where more than 30 s are asked for', async () => {
    const { chat, backend } = await startRig({ script: [{ status: 503, retry_after: 31 }, {}] });
    const answer = await chat();
    expect(failure(answer)).toMatchObject({ status: 502, error: { code: 'upstream_error' } });
    expect(answer.headers['retry-after']).toBe('31');
    expect(backend.posts()).toHaveLength(1);
  });
});
