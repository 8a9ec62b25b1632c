import type { Loose } from './check-tree.ts';
import { checkParameters, parameterJson } from './model-rules.ts';
import type { CandidateConditions, Strategy } from './route-config.ts';
import type { RoutesSection } from './schema/routes-section.ts';
import { parseSelector, type SelectorItem } from './selector.ts';
import { errorAt, type Spot, warnAt } from './spot.ts';
import { type Entry, entriesAt, nodeAt, type Path, type TreeNode } from './tree.ts';

/** A candidate as it is written: a name that may also be a route's, with what stands beside it. */
export interface WrittenCandidate {
  readonly name: string;
  readonly weight: number | undefined;
  readonly conditions: CandidateConditions | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  readonly spot: Spot;
}

export interface WrittenTier {
  readonly strategy: Strategy;
  readonly candidates: WrittenCandidate[];
}

export type RouteValue = Loose<RoutesSection[string]>;
type CandidateValue = Exclude<NonNullable<NonNullable<RouteValue['candidates']>[number]>, string>;

/** The tiers of a selector; undefined: it has faults, which are in the report. */
export function tiersOfSelector(text: string, spot: Spot): WrittenTier[] | undefined {
  const parsed = parseSelector(text);
  if ('fault' in parsed) return void errorAt(spot, parsed.fault);
  return parsed.map(({ operator, items }) => ({
    strategy: operator === '^' ? 'weighted' : operator === '!' ? 'race' : 'ordered',
    candidates: items.map((item) => fromItem(item, { ...spot })),
  }));
}

/** Puts the candidates of a route into their tiers. */
export class TierReader {
  readonly #strategy: Strategy;
  readonly #tree: TreeNode;
  readonly #tiers = new Map<number, WrittenTier[]>();
  /** Whether something was left out that has a fault. */
  isFaulty = false;

  constructor(strategy: Strategy, tree: TreeNode) {
    this.#strategy = strategy;
    this.#tree = tree;
  }

  /** Takes the next one as the file has it; undefined is one whose faults are known. */
  add(value: string | CandidateValue | undefined, spot: Spot): void {
    if (value === undefined) this.isFaulty = true;
    else if (typeof value === 'string') this.#addText(value, spot);
    else if (value.model === undefined) this.isFaulty = true;
    else this.#open(value.tier ?? 0).candidates.push(fromMapping(value, value.model, this.#tree, spot));
  }

  /** In the order in which they are tried. */
  tiers(): WrittenTier[] {
    const tiers = [...this.#tiers].sort(([a], [b]) => a - b).flatMap(([, written]) => written);
    return tiers.filter(({ candidates }) => candidates.length > 0);
  }

  #addText(text: string, spot: Spot): void {
    const tiers = tiersOfSelector(text, spot);
    const [only] = tiers ?? [];
    if (tiers === undefined || only === undefined) this.isFaulty = true;
    else if (tiers.length === 1 && only.candidates.length === 1) this.#open(0).candidates.push(...only.candidates);
    else if (this.#strategy === 'ordered') this.#close(0, tiers);
    else {
      errorAt(
        spot,
        `names several models; with strategy: ${this.#strategy} write each of them as a candidate of its own`,
      );
      this.isFaulty = true;
    }
  }

  #open(tier: number): WrittenTier {
    const written = this.#written(tier);
    const last = written[written.length - 1];
    if (last !== undefined) return last;
    const first = { strategy: this.#strategy, candidates: [] };
    written.push(first);
    return first;
  }

  #close(tier: number, tiers: readonly WrittenTier[]): void {
    this.#written(tier).push(...tiers, { strategy: this.#strategy, candidates: [] });
  }

  #written(tier: number): WrittenTier[] {
    const written = this.#tiers.get(tier) ?? [];
    this.#tiers.set(tier, written);
    return written;
  }
}

function fromItem({ name, weight, maxContext, parameters }: SelectorItem, spot: Spot): WrittenCandidate {
  const entries = [...parameters].map(([field, json]): [string, Entry] => {
    const place = spot.place ?? { line: 1, column: 1 };
    return [field, { keyPlace: place, node: jsonNode(json, place) }];
  });
  checkParameters(new Map(entries), spot.report, spot.path, 'set');
  const conditions = maxContext === undefined ? undefined : { ...noConditions, maxContext };
  return { name, weight, conditions, parameters, spot };
}

/** Of lists and mappings only that they are such. */
function jsonNode(json: string, place: Entry['keyPlace']): TreeNode {
  const value: unknown = JSON.parse(json);
  if (typeof value === 'object' && value !== null) return { kind: 'list', place, items: [] };
  return { kind: 'scalar', place, value, ...(typeof value === 'number' ? { source: json } : {}) };
}

const noConditions: CandidateConditions = {
  maxContext: undefined,
  abilities: undefined,
  headers: new Map(),
  metadata: new Map(),
};

function fromMapping(value: CandidateValue, name: string, tree: TreeNode, spot: Spot): WrittenCandidate {
  const path = [...spot.path, 'parameters'];
  const entries = entriesAt(tree, path);
  checkParameters(entries, spot.report, path, 'set');
  const parameters = new Map<string, string>();
  for (const [field, entry] of entries) {
    const json = parameterJson(field, entry.node);
    if (json !== undefined) parameters.set(field, json);
  }
  const place = nodeAt(tree, [...spot.path, 'model'])?.place ?? spot.place;
  return {
    name,
    weight: value.weight,
    conditions: conditionsOf(value, tree, spot),
    parameters,
    spot: { ...spot, place },
  };
}

function conditionsOf(value: CandidateValue, tree: TreeNode, spot: Spot): CandidateConditions | undefined {
  const { max_context: maxContext, abilities, headers, metadata } = value;
  if (!maxContext && maxContext !== 0 && !abilities && !headers && !metadata) return undefined;
  checkHeaderNames(tree, [...spot.path, 'headers'], spot);
  return {
    maxContext,
    abilities: abilities && new Set(abilities.filter((ability) => ability !== undefined)),
    headers: valuesByName(headers, (name) => name.toLowerCase()),
    metadata: valuesByName(metadata, (name) => name),
  };
}

function checkHeaderNames(tree: TreeNode, path: Path, { report }: Spot): void {
  const seen = new Set<string>();
  for (const [name, { keyPlace }] of entriesAt(tree, path)) {
    const lower = name.toLowerCase();
    const here = [...path, name];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      if (name !== '') report.error(keyPlace, here, 'is not a legal header name; write letters, digits and dashes');
    } else if (seen.has(lower)) {
      report.error(keyPlace, here, 'stands twice; header names are the same in upper and lower case');
    } else if (secretHeaders.has(lower)) {
      report.error(keyPlace, here, 'carries keys, and a key does not stand in this file; use another header');
    }
    seen.add(lower);
  }
}

const secretHeaders = new Set(['authorization', 'x-api-key', 'cookie', 'proxy-authorization']);

type Values = Readonly<Record<string, string | readonly (string | undefined)[] | undefined>>;

function valuesByName(values: Values | undefined, normal: (name: string) => string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(values ?? {})) {
    const list = typeof value === 'string' ? [value] : value;
    if (list === undefined || list.length === 0 || list.includes(undefined)) continue; // that is reported
    found.set(
      normal(name),
      list.filter((one) => one !== undefined),
    );
  }
  return found;
}

/** Warns of weights that the strategy of their tier does not look at. */
export function warnOfIdleWeights({ strategy, candidates }: WrittenTier): void {
  if (strategy === 'weighted' || strategy === 'least-busy' || strategy === 'race') return;
  for (const { weight, spot } of candidates) {
    if (weight !== undefined) warnAt(spot, `has a weight, which strategy ${strategy} does not look at; leave it out`);
  }
}
