import fc from 'fast-check';
import type { Loss } from './test-member.ts';

const who = fc.nat(2);
const counter = fc.constantFrom('window' as const, 'total' as const);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      who,
      counter,
      amount: fc.integer({ min: 1, max: 120 }),
      asks: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), who, which: fc.nat(9), taken: fc.nat(400) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('sync' as const),
      who,
      lose: fc.constantFrom<Loss>('nothing', 'nothing', 'nothing', 'nothing', 'request', 'reply', 'delayed'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arrive' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('part' as const), who, steps: fc.integer({ min: 4, max: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      part: fc.constantFrom(0.01, 0.05, 0.1, 0.1, 0.15, 0.19),
    }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
export const stepLists = fc.array(step, { minLength: 20, maxLength: 150, size: 'max' });

/** What lists have in which the authority forgets. */
export type Special =
  | { readonly do: 'forget' }
  | { readonly do: 'beats'; readonly count: number }
  | { readonly do: 'alone'; readonly who: number };

/**
 * Lists in which the authority loses all that it knows, again and again, while members are cut off, come and go.
 * @param mostBeats so often in a row all three speak, so that what takes a minute has its time; 0: never
 */
export const forgetfulLists = (mostBeats: number) =>
  fc.array(
    fc.oneof(
      { weight: 30, arbitrary: step as fc.Arbitrary<Step | Special> },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('take' as const),
          who,
          counter,
          amount: fc.constantFrom(60, 100, 150, 200),
          asks: fc.constant(true),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('alone' as const), who }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who }) },
      {
        weight: mostBeats > 0 ? 2 : 0,
        arbitrary: fc.record({
          do: fc.constant('beats' as const),
          count: fc.integer({ min: 1, max: Math.max(1, mostBeats) }),
        }),
      },
    ),
    { minLength: 20, maxLength: 150, size: 'max' },
  );
