import { bestOdds, choiceOdds, mixtureOdds, type Odds, plainOdds, voteOdds } from './closed-forms.ts';
import { honoursSeveral, type UpstreamKind } from './scripted-upstream.ts';

/** One approach with its parameters, and what is to be expected of it. */
export interface Case {
  /** Also the name of the model that is asked. */
  readonly name: string;
  /** Undefined: none, a plain call. */
  readonly approach: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly odds: Odds;
  /** The probability of a right answer. */
  readonly closedForm: (odds: Odds) => number;
  /** Of the calls for candidates; undefined: none is sent. */
  readonly temperature: number | undefined;
  /** The calls after those for candidates, as a backend notes them. */
  readonly further: readonly string[];
}

/** What the command line says of the models; a field that is left out is as the approach has it. */
export interface Able {
  readonly right?: number | undefined;
  readonly judge?: number | undefined;
  readonly wrong?: number | undefined;
}

/** All approaches whose gain is known in closed form, and a plain call. */
export function allCases(able: Able): Case[] {
  const { right = 0.6, wrong = 3 } = able;
  const odds = (candidates: number, judge: number): Odds => ({ right, wrong, candidates, judge: able.judge ?? judge });
  const plain = { name: 'none', approach: undefined, parameters: {}, temperature: undefined, further: [] };
  return [
    { ...plain, odds: odds(1, 0.8), closedForm: plainOdds },
    {
      ...{ name: 'self_consistency', approach: 'self_consistency', parameters: { samples: 5 } },
      ...{ odds: odds(5, 0.8), closedForm: voteOdds, temperature: 1, further: [] },
    },
    {
      ...{ name: 'bon', approach: 'bon', parameters: { candidates: 3 } },
      ...{ odds: odds(3, 0.8), closedForm: bestOdds, temperature: 1 },
      further: ['rate:1@0.1', 'rate:1@0.1', 'rate:1@0.1'],
    },
    {
      ...{ name: 'genselect', approach: 'genselect', parameters: { candidates: 4 } },
      ...{ odds: odds(4, 0.8), closedForm: choiceOdds, temperature: 0.7, further: ['judge:4@0.3'] },
    },
    {
      ...{ name: 'moa', approach: 'moa', parameters: { candidates: 3 } },
      ...{ odds: odds(3, 0.9), closedForm: mixtureOdds, temperature: 1 },
      further: ['aggregate:3@0.1', 'judge:3@0.1'],
    },
  ];
}

/**
 * The upstream calls that one answer takes, sorted, as a backend notes them.
 * @param isFirst of this model: nothing is known yet of how its backend takes `n`
 */
export function expectedCalls({ odds, temperature, further }: Case, kind: UpstreamKind, isFirst: boolean): string[] {
  const heat = temperature === undefined ? '' : `@${temperature}`;
  const singles = (count: number) => Array.from({ length: count }, () => `sample:1${heat}`);
  const { candidates } = odds;
  const together = `sample:${candidates}${heat}`;
  const sampling = () => {
    if (honoursSeveral(kind) || kind === 'copies') return [together];
    if (!isFirst || candidates === 1) return singles(candidates);
    return kind === 'ignores' ? [together, ...singles(candidates - 1)] : ['refused', ...singles(candidates)];
  };
  return [...sampling(), ...further].sort();
}
