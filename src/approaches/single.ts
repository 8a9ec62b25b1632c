import type { Approach } from './approach.ts';

/** The plain call. */
export const single: Approach = {
  name: 'none',
  reach: { calls: 1, prompts: 1, outputs: 1 },
  run: (call, ask) => ask(call),
};
