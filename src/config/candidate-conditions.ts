import type { CandidateConditions } from './route-config.ts';

/** What asks for both. */
export function allConditions(
  one: CandidateConditions | undefined,
  other: CandidateConditions | undefined,
): CandidateConditions | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const { maxContext = Number.POSITIVE_INFINITY } = one;
  const least = Math.min(maxContext, other.maxContext ?? Number.POSITIVE_INFINITY);
  return {
    maxContext: least === Number.POSITIVE_INFINITY ? undefined : least,
    abilities: allAbilities(one.abilities, other.abilities),
    headers: allValues(one.headers, other.headers),
    metadata: allValues(one.metadata, other.metadata),
  };
}

type Abilities = CandidateConditions['abilities'];

function allAbilities(one: Abilities, other: Abilities): Abilities {
  if (one === undefined || other === undefined) return one ?? other;
  return new Set([...one].filter((ability) => other.has(ability)));
}

type Values = ReadonlyMap<string, readonly string[]>;

function allValues(one: Values, other: Values): Values {
  const joint = new Map(one);
  for (const [name, values] of other) {
    const before = joint.get(name);
    joint.set(name, before === undefined ? values : before.filter((value) => values.includes(value)));
  }
  return joint;
}

/** Whether no request at all can meet them. */
export function isImpossible(conditions: CandidateConditions | undefined): boolean {
  if (conditions === undefined) return false;
  const { maxContext, headers, metadata } = conditions;
  return maxContext === 0 || [...headers.values(), ...metadata.values()].some((values) => values.length === 0);
}
