import type { CounterChange } from '../counter-change.ts';

/** What is stored of limits in their periods. */
export type LoadUsed = (
  periods: readonly { readonly limitId: string; readonly periodStart: number }[],
) => Promise<readonly CounterChange[]>;
