import { randomUUID } from 'node:crypto';
import type { Strategy } from './strategy-store.ts';

/** Judged at least so often, a strategy shows what it is worth. */
const provenUses = 5;
const leastSuccess = 0.4;
const usesBetweenRefinements = 10;
/** The share of common words from which two texts say the same. */
const nearShare = 0.6;

type Strategies = readonly Strategy[];

function successOf({ uses, helped }: Strategy): number {
  return uses === 0 ? 0 : helped / uses;
}

/** Those that proved to help, the best first. */
export function proven(strategies: Strategies): Strategies {
  return strategies
    .filter((one) => one.uses >= provenUses && successOf(one) >= leastSuccess)
    .toSorted((one, other) => successOf(other) - successOf(one) || other.uses - one.uses);
}

/** Those of which it is not known yet, the least tried first. */
export function untried(strategies: Strategies): Strategies {
  return strategies.filter(({ uses }) => uses < provenUses).toSorted((one, other) => one.uses - other.uses);
}

/** Those that did not prove not to help. */
export function hopeful(strategies: Strategies): Strategies {
  return strategies.filter((one) => one.uses < provenUses || successOf(one) >= leastSuccess);
}

/** @param verdicts whether it helped, by the id of each that was judged */
export function withVerdicts(strategies: Strategies, verdicts: ReadonlyMap<string, boolean>): Strategies {
  return strategies.map((one) => {
    const helped = verdicts.get(one.id);
    return helped === undefined ? one : { ...one, uses: one.uses + 1, helped: one.helped + (helped ? 1 : 0) };
  });
}

/** With one more, unless one that is there is near to it; at most so many, of which the worst go first. */
export function withNew(strategies: Strategies, text: string, most: number): Strategies {
  if (strategies.some((one) => isNear(one.text, text))) return strategies;
  return kept([...strategies, { id: randomUUID(), text, uses: 0, helped: 0, refinedAt: 0 }], most);
}

/** The first that was judged often enough since it was reworded. */
export function dueForRefinement(strategies: Strategies): Strategy | undefined {
  return strategies.find(({ uses, refinedAt }) => uses - refinedAt >= usesBetweenRefinements);
}

/** With other words for one, or the same ones; those that are near to each other then are made one. */
export function withRefined(strategies: Strategies, id: string, text: string | undefined): Strategies {
  const reworded = strategies.map((one) =>
    one.id === id ? { ...one, text: text ?? one.text, refinedAt: one.uses } : one,
  );
  return reworded.reduce<Strategies>(merged, []);
}

/** One more strategy; where one is near to it, both become one in the words of the better. */
function merged(strategies: Strategies, next: Strategy): Strategies {
  const at = strategies.findIndex((one) => isNear(one.text, next.text));
  const near = strategies[at];
  if (near === undefined) return [...strategies, next];
  const better = successOf(next) > successOf(near) ? next : near;
  const uses = near.uses + next.uses;
  return strategies.with(at, { ...better, uses, helped: near.helped + next.helped, refinedAt: uses });
}

/** At most so many: those that proved not to help go first, the worst of them before others, then the oldest untried. */
export function kept(strategies: Strategies, most: number): Strategies {
  if (strategies.length <= most) return strategies;
  const good = new Set(hopeful(strategies));
  const tried = (one: Strategy) => one.uses >= provenUses;
  const worst = strategies
    .slice(0, -1) // the newest has a chance
    .toSorted(
      (one, other) =>
        Number(good.has(one)) - Number(good.has(other)) ||
        Number(tried(one)) - Number(tried(other)) ||
        successOf(one) - successOf(other),
    )
    .slice(0, strategies.length - most);
  return strategies.filter((one) => !worst.includes(one));
}

/** Whether two texts share most of their words. */
export function isNear(one: string, other: string): boolean {
  const [words, others] = [wordsOf(one), wordsOf(other)];
  const common = [...words].filter((word) => others.has(word)).length;
  return common >= nearShare * (words.size + others.size - common) && common > 0;
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}
