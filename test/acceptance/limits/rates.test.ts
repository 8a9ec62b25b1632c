import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failure, forwardClock, until } from '../custom-backends/rig.ts';
import { startCallersRig } from './callers.ts';

describe('rates of keys, teams and tags', () => {
  it('refuse the call beyond them, and say whose limit it is, what is left and when it is free', async () => {
    const { chat, backend } = await startCallersRig({ alice: { limits: { requests_per_minute: 2 } }, bob: {} });
    const first = await chat('alice');
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '1' });
    expect((await chat('alice')).status).toBe(200);
    const refused = await chat('alice');
    const { status, error, detail } = failure(refused);
    expect([status, error.code, error.type]).toEqual([429, 'rate_limit_exceeded', 'rate_limit_error']);
    expect(error.message).toContain('the limit of 2 requests per minute of key "alice" has too little left');
    const details = {
      level: 'key',
      name: 'alice',
      resource: 'requests',
      period: 'minute',
      limit: 2,
      used: 2,
      remaining: 0,
    };
    expect(detail).toMatchObject({ code: 'rate_limit_exceeded', details: { ...details, needed: 1 } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(refused.headers).toMatchObject({ 'x-ratelimit-remaining-requests': '0' });
    expect(backend.posts()).toHaveLength(2);
    const other = await chat('bob');
    expect(other.status).toBe(200);
    expect(other.headers).not.toHaveProperty('x-ratelimit-limit-requests');
    forwardClock(60_000);
    expect((await chat('alice')).status).toBe(200);
  });

  it('hold over all keys of a team or a tag, and a refused call takes nothing of the other levels', async () => {
    const { chat } = await startCallersRig(
      {
        alice: { team: 'research', limits: { requests_per_minute: 100 } },
        bob: { team: 'research' },
        carol: { tags: ['batch', 'other'] },
      },
      {
        teams: { research: { limits: { requests_per_minute: 3 } } },
        tags: { batch: { limits: { tokens_per_minute: 100 } } },
      },
    );
    for (const key of ['alice', 'bob', 'bob']) expect((await chat(key)).status).toBe(200);
    const refused = await chat('alice');
    expect(failure(refused)).toMatchObject({ status: 429, detail: { details: { level: 'team', name: 'research' } } });
    forwardClock(59_000);
    expect((await chat('alice')).status).toBe(429);
    forwardClock(1000);
    // Of its own 100 only the one that passed is gone, and it has just left the window.
    const states = (await chat('alice')).headers;
    expect(states).toMatchObject({ 'x-ratelimit-limit-requests': '3', 'x-ratelimit-remaining-requests': '2' });
    expect((await chat('carol')).headers).toMatchObject({ 'x-ratelimit-remaining-tokens': '60' });
    expect((await chat('carol', { model: 'u:cheap', max_tokens: 1000 })).status).toBe(429);
  });

  it('are those of the tier where the key says nothing', async () => {
    const tiers = { free: { requests_per_minute: 1, tokens_per_day: 60 } };
    const { chat } = await startCallersRig(
      { alice: { tier: 'free' }, bob: { tier: 'free', limits: { requests_per_minute: 5 } } },
      { tiers },
    );
    expect((await chat('alice')).status).toBe(200);
    expect((await chat('alice')).status).toBe(429);
    expect((await chat('bob')).status).toBe(200);
    const { error } = failure(await chat('bob'));
    expect(error.message).toContain('60 tokens per day of key "bob"');
  });

  it('admit exactly what fits under 60 calls at once, and count the prompt only where its bound is refused', async () => {
    // A body is about a hundred bytes: by its bound three calls fit, and by the count of its few tokens many more.
    const { chat, backend } = await startCallersRig(
      { alice: { team: 'research' }, bob: { team: 'research' } },
      { teams: { research: { limits: { tokens_per_minute: 400, max_concurrent: 1000 } } } },
      () => ({ delay_ms: 200, usage: { prompt_tokens: 8, completion_tokens: 20, total_tokens: 28 } }),
    );
    const calls = Array.from({ length: 60 }, (_, index) => chat(index % 2 === 0 ? 'alice' : 'bob'));
    const all = await Promise.all(calls);
    const passed = all.filter(({ status }) => status === 200).length;
    expect(all.filter(({ status }) => status === 429)).toHaveLength(60 - passed);
    expect(backend.posts()).toHaveLength(passed);
    expect(passed * 28).toBeLessThanOrEqual(400);
    expect(passed).toBeGreaterThan(3);
    const { status, headers } = await chat('alice');
    const taken = passed + (status === 200 ? 1 : 0);
    expect(headers['x-ratelimit-remaining-tokens']).toBe(String(400 - taken * 28));
  });

  it('of calls at a time are free again when a call is over, whatever became of it', async () => {
    const limits = { max_concurrent: 2 };
    const { chat, backend, gateway } = await startCallersRig({ alice: { limits } }, {}, (_, turn) => {
      if (turn === 0) return { hang: true };
      return turn === 1 ? { status: 400, delay_ms: 500 } : {};
    });
    const leaving = new AbortController();
    const hanging = chat('alice', {}, { signal: leaving.signal }).catch(() => undefined);
    await until(() => backend.posts().length === 1, 'the first one came');
    const failing = chat('alice');
    await until(() => backend.posts().length === 2, 'the second one came');
    const { status, error } = failure(await chat('alice'));
    expect([status, error.code]).toEqual([429, 'rate_limit_exceeded']);
    expect(error.message).toContain('2 requests at a time of key "alice"');
    expect((await failing).status).toBe(400);
    expect((await chat('alice')).status).toBe(200);
    leaving.abort();
    await hanging;
    await until(() => gateway.log().some(({ outcome }) => outcome === 'cancelled'), 'it is settled');
    const both = await Promise.all([chat('alice'), chat('alice')]);
    expect(both.map((one) => one.status)).toEqual([200, 200]);
  });

  it('take nothing for a call that never reached a backend', async () => {
    const { chat } = await startCallersRig({ alice: { limits: { requests_per_day: 10, tokens_per_day: 100 } } });
    expect((await chat('alice', { model: 'u:tight' })).status).toBe(200);
    for (let turn = 0; turn < 20; turn++) {
      const { status, error } = failure(await chat('alice', { model: 'u:tight' }));
      expect([status, error.message]).toEqual([429, expect.stringContaining('for u:tight is used up')]);
    }
    const { headers } = await chat('alice');
    expect(headers).toMatchObject({ 'x-ratelimit-remaining-requests': '8', 'x-ratelimit-remaining-tokens': '20' });
  });

  it('keep what was used when a reload gives them other numbers', async () => {
    const { chat, gateway } = await startCallersRig(
      { alice: { tier: 'free' } },
      { tiers: { free: { requests_per_day: 2 } } },
    );
    await chat('alice');
    await chat('alice');
    expect((await chat('alice')).status).toBe(429);
    const file = join(gateway.folder, 'headrace.yaml');
    const written = await readFile(file, 'utf8');
    await writeFile(file, written.replace('"requests_per_day":2', '"requests_per_day":3'));
    expect((await gateway.gateway.reload('a test')).ok).toBe(true);
    const { status, headers } = await chat('alice');
    expect([status, headers['x-ratelimit-remaining-requests']]).toEqual([200, '0']);
    expect((await chat('alice')).status).toBe(429);
  });

  it('never let a call pass that is larger than the whole, and say so', async () => {
    const { chat } = await startCallersRig({ alice: { limits: { tokens_per_minute: 50 } } });
    const refused = await chat('alice', { max_tokens: 100 });
    expect(failure(refused).error.message).toContain('more than there ever are');
    expect(refused.headers).toMatchObject({ 'x-should-retry': 'false' });
    expect(refused.headers).not.toHaveProperty('retry-after');
    // Where nothing is asked for, the output is a guess, which keeps no call out for ever.
    expect((await chat('alice', { max_tokens: null })).status).toBe(200);
  });
});
