import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf } from '../../conformance/sdk-setup.ts';
import { reported } from '../limits/callers.ts';
import { type Governed, shortChat, startGoverned } from './governed.ts';

const day = 86_400_000;

/** A gateway whose machine's clock, by which days are told, can be set; the one that measures spans goes on. */
async function startWithClock(limits: object) {
  const realNow = Date.now;
  let offset = 0;
  Date.now = () => realNow.call(Date) + offset;
  onTestFinished(() => {
    Date.now = realNow;
  });
  const governed = await startGoverned(() => ({ usage: reported }));
  const { secret } = await governed.create({ name: 'alice', limits });
  const step = (milliseconds: number) => {
    offset += milliseconds;
  };
  return { ...governed, secret, step };
}

const chat = ({ sdk, secret }: Governed & { secret: string }) => sdk(secret).chat.completions.create(shortChat);

describe('a clock that steps', () => {
  it('begins a day anew where it goes forward, and frees nothing twice where it goes back', async () => {
    const governed = await startWithClock({ requests_per_day: 2, budget: { total: 0.2 } });
    const { step, limits, backend } = governed;
    await chat(governed);
    await chat(governed);
    expect(await failureOf(chat(governed))).toMatchObject({ status: 429 });
    step(day);
    await chat(governed);
    step(-day);
    expect(await failureOf(chat(governed))).toMatchObject({ status: 429 });
    expect((await limits())['key:alice/requests/day']).toMatchObject({ used: 2, remaining: 0 });
    step(day);
    await chat(governed);
    expect(await failureOf(chat(governed))).toMatchObject({ status: 429 });
    expect(backend.posts()).toHaveLength(4);
    expect((await limits())['key:alice/cost/total']?.used).toBeCloseTo(0.16, 9);
  });

  it('leaves minutes alone, whichever way it goes', async () => {
    const governed = await startWithClock({ requests_per_minute: 1 });
    await chat(governed);
    for (const milliseconds of [day, -2 * day, 365 * day]) {
      governed.step(milliseconds);
      const refused = await failureOf(chat(governed));
      expect(refused).toMatchObject({ status: 429 });
      const { headers } = refused as { headers: Headers };
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(30);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
  });

  it('lets a key that expires end by it, and every call that is counted stands in the ledger once', async () => {
    const governed = await startWithClock({ tokens_per_day: 1000 });
    const { create, step, tryKey, usage, limits } = governed;
    const short = await create({ name: 'short', expires_at: new Date(Date.now() + day).toISOString() });
    expect(await tryKey(short.secret)).toBe('200');
    for (const milliseconds of [-day, 2 * day, -day]) {
      step(milliseconds);
      await chat(governed);
    }
    step(day + 1000);
    expect(await tryKey(short.secret)).toBe('401 invalid_api_key');
    expect(await usage(3)).toMatchObject({ calls: 3, total_tokens: 120 });
    expect((await limits())['key:alice/tokens/day']?.used).toBe(40);
  });
});
