import type { Approach } from './approach.ts';

/** The plain call. */
export const single: Approach = {
  name: 'none',
  maximumCalls: 1,
  run: (call, ask) => ask(call),
};
