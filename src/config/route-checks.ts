import { isImpossible } from './candidate-conditions.ts';
import { fingerprint } from './fingerprint.ts';
import type { NameTable } from './name-table.ts';
import type { CandidateConfig } from './route-config.ts';
import type { ExpandedTier, PlacedCandidate } from './route-expander.ts';
import { errorAt, type Spot, warnAt } from './spot.ts';

/** Checks what the candidates of a route say together. Whether there is no error. */
export function checkTiers(tiers: readonly ExpandedTier[], names: NameTable): boolean {
  const isGood = tiers.map((tier) => checkTier(tier, names)).every((good) => good);
  warnOfDuplicates(tiers);
  return isGood;
}

function checkTier({ strategy, candidates }: ExpandedTier, names: NameTable): boolean {
  const [first] = candidates;
  if (first === undefined) return true;
  let isGood = true;
  const fail = (spot: Spot, message: string) => {
    errorAt(spot, message);
    isGood = false;
  };
  if (candidates.every(({ config }) => config.weight === 0)) {
    fail(first.spot, 'has the weight 0, and so have all others of this tier; give one of them a weight above 0');
  }
  const impossible = candidates.filter(({ config }) => isImpossible(config.conditions));
  if (impossible.length === candidates.length) {
    const others = candidates.length === 1 ? '' : ', and so have all others of this tier';
    fail(first.spot, `has conditions that no request can meet${others}; correct them, or take it out`);
  } else {
    for (const { spot } of impossible) warnAt(spot, 'has conditions that no request can meet, so it is never taken');
  }
  if (strategy === 'race') {
    for (const { config, spot } of candidates.filter((one) => !canStream(one, names))) {
      const which = config.target.kind === 'backend' ? `${config.target.backend}:${config.target.model}` : '';
      const named = which === '' ? 'is' : `is ${which},`;
      fail(spot, `${named} declared without the ability streaming, which a race needs; take it out of the race`);
    }
  }
  return isGood;
}

function canStream({ config }: PlacedCandidate, names: NameTable): boolean {
  const { target, conditions } = config;
  const declared =
    target.kind === 'backend' ? names.backend(target.backend)?.models.get(target.model ?? '')?.abilities : undefined;
  return (conditions?.abilities ?? declared)?.has('streaming') !== false;
}

/** The same model twice is no use, unless its conditions or parameters differ. */
function warnOfDuplicates(tiers: readonly ExpandedTier[]): void {
  const first = new Map<string, Spot>();
  const said = new Set<Spot>();
  for (const { config, spot } of tiers.flatMap(({ candidates }) => candidates)) {
    const content = contentOf(config);
    const earlier = first.get(content);
    if (earlier === undefined) first.set(content, spot);
    if (earlier === undefined || earlier === spot || said.has(spot)) continue; // of one name, its own route warns
    said.add(spot);
    warnAt(spot, 'leads to a candidate that this route has already; take one of them out');
  }
}

function contentOf({ target, conditions, parameters }: CandidateConfig): string {
  return fingerprint([target, conditions ?? null, parameters]);
}
