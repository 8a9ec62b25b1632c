import { noApproach, type RouteApproach } from './approaches-config.ts';
import { allConditions, isImpossible } from './candidate-conditions.ts';
import type { NameTable } from './name-table.ts';
import { checkTiers } from './route-checks.ts';
import type { CandidateConfig, Strategy } from './route-config.ts';
import { errorAt, type Spot, warnAt } from './spot.ts';
import type { WrittenCandidate, WrittenTier } from './written-route.ts';

/** A candidate with the spot in the route that is looked at, also where another route brought it. */
export interface PlacedCandidate {
  readonly config: CandidateConfig;
  readonly spot: Spot;
}

export interface ExpandedTier {
  readonly strategy: Strategy;
  readonly candidates: PlacedCandidate[];
}

/** A route before its names are followed. */
export interface WrittenRoute {
  readonly tiers: readonly WrittenTier[];
  /** Whether a part was left out that has a fault. */
  readonly isFaulty: boolean;
  readonly approach: RouteApproach;
}

interface Expansion {
  readonly tiers: readonly ExpandedTier[];
  /** How many routes stand in each other; 1: none in this one. */
  readonly height: number;
}

const mostCandidates = 1000;
const mostHeight = 16;

/** Follows the names in routes to backends and connectors; a route that is named is put in its place. */
export class RouteExpander {
  readonly #names: NameTable;
  readonly #routes: ReadonlyMap<string, WrittenRoute>;
  /** undefined: it has faults, which are in the report. */
  readonly #done = new Map<string, Expansion | undefined>();

  constructor(names: NameTable, routes: ReadonlyMap<string, WrittenRoute>) {
    this.#names = names;
    this.#routes = routes;
  }

  /** The tiers of a route; undefined: it has faults, which are in the report. */
  route(name: string): readonly ExpandedTier[] | undefined {
    return this.#expandRoute(name, [])?.tiers;
  }

  /** The tiers of the default, in which a backend's name alone takes any model. */
  default(tiers: readonly WrittenTier[]): readonly ExpandedTier[] | undefined {
    return this.#expand({ tiers, isFaulty: false, approach: noApproach }, [], true)?.tiers;
  }

  #expandRoute(name: string, trail: readonly string[]): Expansion | undefined {
    if (this.#done.has(name)) return this.#done.get(name);
    const written = this.#routes.get(name);
    const expansion = written && this.#expand(written, [...trail, name], false);
    this.#done.set(name, expansion);
    return expansion;
  }

  #expand(written: WrittenRoute, trail: readonly string[], takesBackends: boolean): Expansion | undefined {
    const tiers: ExpandedTier[] = [];
    let isGood = !written.isFaulty;
    let height = 1;
    for (const tier of written.tiers) {
      const joint = new TierJoint(tier.strategy);
      for (const candidate of tier.candidates) {
        const found = this.#member(candidate, trail, takesBackends);
        if (found === undefined || !joint.add(candidate, found.tiers)) isGood = false;
        else height = Math.max(height, found.height);
      }
      tiers.push(...joint.tiers());
    }
    const [first] = written.tiers[0]?.candidates ?? [];
    if (!isGood || first === undefined) return undefined;
    if (tiers.reduce((sum, { candidates }) => sum + candidates.length, 0) > mostCandidates) {
      return void errorAt(first.spot, `leads to more than ${mostCandidates} candidates in all; take some out`);
    }
    if (height > mostHeight) return void errorAt(first.spot, tooDeep);
    return checkTiers(tiers, this.#names) ? { tiers, height } : undefined;
  }

  /** What one name brings; undefined: it has a fault. */
  #member(candidate: WrittenCandidate, trail: readonly string[], takesBackends: boolean): Expansion | undefined {
    const { name, spot } = candidate;
    const found = this.#names.find(name, takesBackends);
    if (found.kind === 'fault') return void errorAt(spot, found.fault);
    if (found.kind === 'unknowable') return undefined;
    if (found.kind === 'target') {
      if (found.warning !== undefined) warnAt(spot, found.warning);
      warnOfWindow(candidate, found.target, this.#names);
      return single(found.target, candidate);
    }
    const at = trail.indexOf(name);
    if (at >= 0) return void errorAt(spot, circle([...trail.slice(at), name]));
    if (trail.length > mostHeight) return void errorAt(spot, tooDeep);
    const { approach } = this.#routes.get(name)?.approach ?? noApproach;
    if (approach !== noApproach.approach) return void errorAt(spot, lostApproach(approach));
    const inner = this.#expandRoute(name, trail);
    return inner && { tiers: inner.tiers.map((tier) => within(tier, candidate)), height: inner.height + 1 };
  }
}

const tooDeep = `stands in a chain of more than ${mostHeight} routes; name the models themselves`;

function lostApproach(approach: string): string {
  return `is a route with the approach ${approach}, which would be lost here; write the models of that route instead`;
}

function circle(names: readonly string[]): string {
  if (names.length === 2) return 'is the route itself; write the model as backend:model';
  return `leads back to the route itself (${names.join(' -> ')}); take one of these out`;
}

function single(
  target: CandidateConfig['target'],
  { weight = 1, conditions, parameters, spot }: WrittenCandidate,
): Expansion {
  const config = { target, weight, conditions, parameters };
  return { tiers: [{ strategy: 'ordered', candidates: [{ config, spot }] }], height: 1 };
}

/** A tier of a route that another one names, with what stands beside the name there. */
function within({ strategy, candidates }: ExpandedTier, outer: WrittenCandidate): ExpandedTier {
  return {
    strategy,
    candidates: candidates.map(({ config }) => ({
      config: {
        ...config,
        conditions: allConditions(config.conditions, outer.conditions),
        parameters:
          outer.parameters.size === 0 ? config.parameters : new Map([...config.parameters, ...outer.parameters]),
      },
      spot: outer.spot,
    })),
  };
}

/** Puts what the names of one tier bring into tiers. */
class TierJoint {
  readonly #strategy: Strategy;
  readonly #tiers: ExpandedTier[] = [];
  #open: ExpandedTier | undefined;

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  /** Whether it could be put in. */
  add(written: WrittenCandidate, tiers: readonly ExpandedTier[]): boolean {
    const [only, ...others] = tiers;
    if (only === undefined) return false;
    const isAlone = others.length === 0 && only.candidates.length === 1;
    if (this.#strategy === 'ordered' && !isAlone) {
      this.#tiers.push(...tiers);
      this.#open = undefined;
      return true;
    }
    if (others.length > 0) {
      const fault = `is a route of ${tiers.length} tiers; with strategy ${this.#strategy} only a route of one tier can stand here`;
      errorAt(written.spot, fault);
      return false;
    }
    if (!isAlone && only.strategy !== this.#strategy) {
      warnAt(
        written.spot,
        `is a route with strategy ${only.strategy}, which does not hold here: it is ${this.#strategy}`,
      );
    }
    this.#take(only, written.weight ?? 1);
    return true;
  }

  tiers(): readonly ExpandedTier[] {
    return this.#tiers;
  }

  /** The weight beside a route's name is shared by its candidates. */
  #take({ candidates }: ExpandedTier, weight: number): void {
    if (this.#open === undefined) {
      this.#open = { strategy: this.#strategy, candidates: [] };
      this.#tiers.push(this.#open);
    }
    const sum = candidates.reduce((total, { config }) => total + config.weight, 0);
    for (const { config, spot } of candidates) {
      const share = candidates.length === 1 ? weight : (weight * config.weight) / sum;
      this.#open.candidates.push({ config: { ...config, weight: share }, spot });
    }
  }
}

function warnOfWindow(
  { conditions, spot }: WrittenCandidate,
  target: CandidateConfig['target'],
  names: NameTable,
): void {
  if (conditions?.maxContext === undefined || isImpossible(conditions) || target.kind !== 'backend') return;
  const window = names.backend(target.backend)?.models.get(target.model ?? '')?.limits.contextWindow;
  if (window === undefined || conditions.maxContext <= window) return;
  warnAt(spot, `has a max_context (${conditions.maxContext}) above the model's own context_window (${window})`);
}
