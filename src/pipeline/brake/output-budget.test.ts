import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Limit, limitId } from '../../limits/limit.ts';
import { MemoryGovernor } from '../../limits/memory-governor.ts';
import { OutputBudget } from './output-budget.ts';
import { Purse } from './purse.ts';

const level = { kind: 'key', name: 'alice' } as const;
const prompt = 10;
/** Nano-dollars for a token. */
const price = 7;

function limit(resource: 'tokens' | 'cost', period: 'minute' | 'day', maximum: number): Limit {
  return { id: limitId(level, resource, period), level, resource, period, maximum };
}

/** One token for each word; no text has more of them than bytes. */
function count(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

interface Opened {
  readonly budget: OutputBudget;
  settle(outputTokens: number): void;
}

/** Calls of one key that are let in with so many tokens of output reserved. */
function openKey(limits: readonly Limit[]) {
  const governor = new MemoryGovernor();
  const bound = governor.bind(limits);
  const taken = (promptTokens: number, outputTokens: number) => {
    const tokens = promptTokens + outputTokens;
    return { tokens, cost: tokens * price };
  };
  const open = (reserved: number, promptBound = prompt): Opened | undefined => {
    const demand = { requests: 1, ...taken(promptBound, reserved) };
    const admission = governor.admit(bound, demand);
    if (!admission.admitted) return undefined;
    const settings = { bound, needsTokens: true, needsCost: true, downgradeTo: undefined };
    const purse = new Purse(admission.grant, demand, settings, governor);
    const budget = new OutputBudget(promptBound, {
      purse,
      taken,
      countPrompt: async () => prompt,
      countText: async (text) => count(text),
    });
    return {
      budget,
      settle: (outputTokens) => admission.grant.settle({ requests: 1, ...taken(prompt, outputTokens) }),
    };
  };
  return { open, used: () => governor.state(bound).map(({ used }) => used) };
}

/** Gives a stream its pieces until one does not fit. */
async function generate({ budget }: Opened, pieces: readonly string[]) {
  let text = '';
  for (const piece of pieces) {
    const empty = budget.take(piece) ? undefined : await budget.takeCounted(piece);
    if (empty !== undefined) return { text, by: empty.limit, isStopped: true };
    text += piece;
  }
  return { text, by: undefined, isStopped: false };
}

const piece = fc.string({ minLength: 1, maxLength: 12 }).map((text) => ` ${text.replaceAll(/\s/g, '')}`);
const answer = fc.array(piece, { minLength: 1, maxLength: 400 });

describe('the budget of streams', () => {
  it('is never passed by all of them together, and used up to a word where one is stopped', async () => {
    const streams = fc.array(fc.record({ pieces: answer, reserved: fc.integer({ min: 0, max: 50 }) }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 10, max: 800 }), fc.boolean(), async (all, maximum, isCost) => {
        const day = isCost ? limit('cost', 'day', maximum * price) : limit('tokens', 'day', maximum);
        const key = openKey([day]);
        const open = all.map(({ reserved }) => key.open(reserved));
        const made = await Promise.all(
          open.map(async (stream, at) => stream && { stream, ...(await generate(stream, all[at]?.pieces ?? [])) }),
        );
        const there = made.filter((one) => one !== undefined);
        const sum = there.reduce((total, { text }) => total + prompt + count(text), 0);
        expect(sum).toBeLessThanOrEqual(maximum);
        for (const { by, isStopped } of there) expect(by).toBe(isStopped ? day.id : undefined);
        for (const { stream, text } of there) stream.settle(count(text));
        expect(key.used()).toEqual([isCost ? sum * price : sum]);
      }),
      { numRuns: 25 },
    );
  });

  it('counts the prompt where its bound is all that stands in the way', async () => {
    const key = openKey([limit('tokens', 'day', 1000)]);
    const stream = key.open(20, 900) as Opened;
    const { text, isStopped } = await generate(
      stream,
      Array.from({ length: 2000 }, (_, at) => ` w${at}`),
    );
    expect([isStopped, count(text)]).toEqual([true, 1000 - prompt]);
  });

  it('is not ended by a rate a minute, but by the budget beside it', async () => {
    const words = Array.from({ length: 3000 }, (_, at) => ` w${at}`);
    const rate = limit('tokens', 'minute', 100);
    const free = openKey([rate, limit('tokens', 'day', 10_000)]);
    expect((await generate(free.open(20) as Opened, words)).isStopped).toBe(false);
    for (const day of [limit('tokens', 'day', 500), limit('cost', 'day', 500 * price)]) {
      const { text, by } = await generate(openKey([rate, day]).open(20) as Opened, words);
      expect([by, prompt + count(text)]).toEqual([day.id, 500]);
    }
  });

  it('takes what another call gives back while it waits', async () => {
    const key = openKey([limit('tokens', 'day', 100)]);
    const other = key.open(40) as Opened;
    const stream = key.open(20) as Opened;
    setTimeout(() => other.settle(0), 50);
    const { text, isStopped } = await generate(
      stream,
      Array.from({ length: 60 }, (_, at) => ` w${at}`),
    );
    expect([isStopped, count(text)]).toEqual([false, 60]);
  });
});
