import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../fake-backend/http-client.ts';
import { failure, until } from '../custom-backends/rig.ts';
import { startCallersRig } from './callers.ts';

/** In US dollars; a call of `u:dear` takes 0.04. */
const budget = { total: 0.1 };

describe('budgets', () => {
  it('refuse the call that they have too little left for, and tell it from a rate', async () => {
    const { chat, backend } = await startCallersRig({ alice: { limits: { budget: { month: 0.1 } } } });
    for (let turn = 0; turn < 2; turn++) {
      const { status, headers } = await chat('alice');
      expect([status, headers['x-headrace-cost']]).toEqual([200, '0.040000000']);
    }
    const refused = await chat('alice');
    const { status, error, detail } = failure(refused);
    expect([status, error.code, error.type]).toEqual([429, 'budget_exceeded', 'insufficient_quota']);
    expect(error.message).toContain('the budget of $0.1000 a month of key "alice" has too little left');
    expect(error.message).toContain('$0.0800 are used or reserved, $0.0200 are left');
    expect(refused.headers).toMatchObject({ 'x-should-retry': 'false' });
    expect(refused.headers).not.toHaveProperty('retry-after');
    const { details } = detail as { details: Record<string, unknown> };
    expect(details).toMatchObject({ period: 'month', limit: 100_000_000, used: 80_000_000, remaining: 20_000_000 });
    expect(String(details.resets_at)).toMatch(/^\d{4}-\d\d-01T00:00:00/);
    expect(backend.posts()).toHaveLength(2);
  });

  it('send it to the cheaper model that the operator names, and say so', async () => {
    const limits = { budget, when_spent: { downgrade_to: 'u:cheap' } };
    const { chat, backend } = await startCallersRig({ alice: { models: ['u:dear'], limits } });
    await chat('alice');
    await chat('alice');
    const { status, headers } = await chat('alice');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'x-headrace-downgraded': 'u:dear',
      'x-headrace-model': 'cheap',
      'x-headrace-cost': '0.000040000',
    });
    expect(backend.posts().map(({ json }) => (json as { model: string }).model)).toEqual(['dear', 'dear', 'cheap']);
    // It is the caller's right to ask for it that the operator gives, not to name it.
    expect((await chat('alice', { model: 'u:cheap' })).status).toBe(404);
  });

  it('refuse where the cheaper model is too dear as well, by the model that was asked for', async () => {
    const limits = { budget: { total: 0.000001 }, when_spent: { downgrade_to: 'u:cheap' } };
    const { chat, backend } = await startCallersRig({ alice: { limits } });
    const { status, error } = failure(await chat('alice'));
    expect([status, error.code]).toEqual([429, 'budget_exceeded']);
    expect(error.message).toContain('more than the whole budget');
    expect(backend.posts()).toHaveLength(0);
  });

  it('take no call whose price nobody knows; a budget of 0 takes what costs nothing', async () => {
    const { chat, backend } = await startCallersRig({ alice: { limits: { budget: { day: 0 } } }, bob: {} });
    const { status, error } = failure(await chat('alice', { model: 'u:unpriced' }));
    expect([status, error.code]).toEqual([429, 'budget_exceeded']);
    expect(error.message).toContain('the price of u:unpriced is not known');
    expect((await chat('bob', { model: 'u:unpriced' })).status).toBe(200);
    const free = await chat('alice', { model: 'u:free' });
    expect([free.status, free.headers['x-headrace-cost']]).toEqual([200, '0.000000000']);
    expect((await chat('alice')).status).toBe(429);
    expect(backend.posts()).toHaveLength(2);
  });

  it('charge nothing for a failed call', async () => {
    const { chat } = await startCallersRig({ alice: { limits: { budget, requests_per_day: 10 } } }, {}, (_, turn) =>
      turn < 1
        ? { status: 400, json: { error: { message: 'no' } } }
        : { usage: { prompt_tokens: 80, completion_tokens: 10 } },
    );
    const failed = await chat('alice');
    expect(failed.status).toBe(400);
    expect((await chat('alice')).status).toBe(200);
    expect(failure(await chat('alice')).detail).toMatchObject({ details: { used: 90_000_000 } });
  });

  it('are charged for a stream by what the backend says at its end, and by count where it breaks off', async () => {
    const words = 'alpha beta gamma delta epsilon zeta eta theta';
    const { chat, gateway } = await startCallersRig({ alice: { limits: { budget: { total: 1 } } } }, {}, (_, turn) =>
      turn === 0 ? { usage: { prompt_tokens: 100, completion_tokens: 100 } } : { content: words, cut_after_chunks: 4 },
    );
    const whole = await chat('alice', { stream: true });
    expect(eventsOf(whole.text).at(-1)).toBe('[DONE]');
    const broken = await chat('alice', { stream: true });
    expect(eventsOf(broken.text).at(-1)).not.toBe('[DONE]');
    await until(() => gateway.log().some(({ outcome }) => outcome === 'broken'), 'it is counted');
    const { used } = await usedOf(chat);
    expect(used).toBeGreaterThan(200e6 + 2e6);
    expect(used).toBeLessThan(200e6 + 30e6);
  });

  it('are charged for the prompt of a call that the client left, once', async () => {
    const { chat, backend, gateway } = await startCallersRig(
      { alice: { limits: { budget: { total: 1 } } } },
      {},
      () => ({
        hang: true,
      }),
    );
    const leaving = new AbortController();
    const left = chat('alice', {}, { signal: leaving.signal }).catch(() => undefined);
    await until(() => backend.posts().length === 1, 'it came');
    leaving.abort();
    await left;
    await until(() => gateway.log().some(({ outcome }) => outcome === 'cancelled'), 'its record is there');
    const { used } = await usedOf(chat);
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(20e6);
  });

  it('reserve the calls of an approach beforehand, and are charged for those that were made', async () => {
    const { chat, backend } = await startCallersRig(
      { alice: { limits: { budget: { total: 1 } } } },
      { routes: { best: { model: 'u:dear', approach: 'bon' } } },
      () => ({ content: '7', usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
    );
    const { status, headers } = await chat('alice', { model: 'best' });
    const made = backend.posts().length;
    expect(status).toBe(200);
    expect(made).toBeGreaterThan(1);
    expect(headers['x-headrace-cost']).toBe((made * 0.015).toFixed(9));
    expect((await usedOf(chat)).used).toBe(made * 15e6);
  });
});

/** What is used of a budget, which only a refusal tells. */
async function usedOf(chat: Awaited<ReturnType<typeof startCallersRig>>['chat']): Promise<{ used: number }> {
  const { detail } = failure(await chat('alice', { model: 'u:cheap', max_tokens: 1_000_000_000 }));
  return (detail as { details: { used: number } }).details;
}
