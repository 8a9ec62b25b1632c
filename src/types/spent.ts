import type { Usage } from './usage.ts';

/** What a call took in truth, over all upstream calls that were made for it. */
export interface Spent {
  /** Undefined: nothing was taken, as far as is known. */
  readonly usage: Usage | undefined;
  /** Whether the backend said so, or the gateway counted it. */
  readonly source: 'reported' | 'counted' | 'none';
  /** Nano-dollars; undefined: a price is not known, which is not 0. */
  readonly cost: number | undefined;
}
