import type { Asked } from './ask.ts';
import type { DrillCandidate } from './targets.ts';

/** When the fault was there, in milliseconds of `performance.now()`. */
export interface FaultTimes {
  readonly from: number;
  readonly to: number;
}

/** What was counted and measured while one scenario was played. Times are in milliseconds. */
export interface Counts {
  readonly requests: number;
  readonly whole: number;
  /** Without any output. */
  readonly failed: number;
  /** After their first output. */
  readonly broken: number;
  /** Of those that began while the fault was there. */
  readonly duringFault: { readonly requests: number; readonly whole: number; readonly failed: number };
  readonly slowestFirstOutputMs: number | undefined;
  /** From the beginning of the fault until a request was answered that began while it was there. */
  readonly failoverMs: number | undefined;
  /** From the end of the fault until the candidate had answered a request that began after it. */
  readonly recoveryMs: number | undefined;
  /** How often the candidate answered before the fault. */
  readonly servedBefore: number;
  /** Why requests failed without any output, the most frequent first. */
  readonly codes: readonly (readonly [string, number])[];
}

export function countAll(asked: readonly Asked[], candidate: DrillCandidate, fault: FaultTimes | undefined): Counts {
  const whole = asked.filter((one) => one.ending === 'whole');
  const from = fault?.from ?? Number.POSITIVE_INFINITY;
  const to = fault?.to ?? Number.POSITIVE_INFINITY;
  const during = asked.filter(({ startedAt }) => startedAt >= from && startedAt < to);
  // What the candidate itself answers when the fault is over was not taken over by anybody.
  const isRescued = (one: Asked) => one.ending === 'whole' && (one.endedAt < to || !isServedBy(one, candidate));
  const after = whole.filter((one) => one.startedAt >= to && isServedBy(one, candidate));
  return {
    requests: asked.length,
    whole: whole.length,
    failed: countOf('failed', asked),
    broken: countOf('broken', asked),
    duringFault: { requests: during.length, whole: countOf('whole', during), failed: countOf('failed', during) },
    slowestFirstOutputMs: slowest(asked),
    failoverMs: earliest(during.filter(isRescued), from),
    recoveryMs: earliest(after, to),
    servedBefore: whole.filter((one) => one.startedAt < from && isServedBy(one, candidate)).length,
    codes: countCodes(asked),
  };
}

/** Whether it was this candidate that answered. */
export function isServedBy(asked: Asked, { backend, model }: DrillCandidate): boolean {
  return isHeader(asked.backend, backend.name) && isHeader(asked.model, model);
}

/** Headers hold names in a form of their own where they are long, or no ASCII. */
function isHeader(header: string | undefined, name: string): boolean {
  const short = name.slice(0, 256);
  return header === short || header === encodeURIComponent(short.toWellFormed());
}

function countOf(ending: Asked['ending'], asked: readonly Asked[]): number {
  return asked.filter((one) => one.ending === ending).length;
}

function earliest(asked: readonly Asked[], since: number): number | undefined {
  return asked.length === 0
    ? undefined
    : asked.reduce((least, one) => Math.min(least, one.endedAt), Number.POSITIVE_INFINITY) - since;
}

function slowest(asked: readonly Asked[]): number | undefined {
  let most: number | undefined;
  for (const { firstOutputAt, startedAt } of asked) {
    if (firstOutputAt !== undefined) most = Math.max(most ?? 0, firstOutputAt - startedAt);
  }
  return most;
}

function countCodes(asked: readonly Asked[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { code, ending } of asked) {
    if (code !== undefined && ending === 'failed') counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}
