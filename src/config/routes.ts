import { backendPrefix } from './backend-prefix.ts';
import type { NameTable } from './name-table.ts';
import { publicNameProblem } from './public-name.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { type KnownApproaches, readRouteApproach } from './route-approach.ts';
import type { RouteConfig, TierConfig } from './route-config.ts';
import { type ExpandedTier, RouteExpander, type WrittenRoute } from './route-expander.ts';
import { routePolicy } from './route-policy.ts';
import type { Spot } from './spot.ts';
import { entriesAt, nodeAt } from './tree.ts';
import { type RouteValue, TierReader, warnOfIdleWeights } from './written-route.ts';

/** The routes of `headrace.yaml`, and what follows the names in them. */
export interface Routes {
  readonly routes: ReadonlyMap<string, RouteConfig>;
  readonly expander: RouteExpander;
}

/** The names of all routes, also of those with errors. */
export function routeNames(file: SettingsTree | undefined): ReadonlySet<string> {
  return new Set(file ? entriesAt(file.tree, ['routes']).keys() : []);
}

/** Reads and checks all routes; what is faulty is in the report and left out. */
export function loadRoutes(file: SettingsTree | undefined, names: NameTable, approaches: KnownApproaches): Routes {
  const written = new Map<string, WrittenRoute>();
  for (const [name, value] of Object.entries(file?.value.routes ?? {})) {
    if (!file || !value) continue;
    const approach = readRouteApproach(name, value, file, approaches);
    written.set(name, { ...readTiers(name, value, file, names), approach });
  }
  const expander = new RouteExpander(names, written);
  const routes = new Map<string, RouteConfig>();
  for (const [name, { approach }] of written) {
    const value = file?.value.routes?.[name];
    const tiers = expander.route(name);
    if (!file || !value || !tiers) continue;
    warnOfLoneHedge(name, tiers, file);
    const place = entriesAt(file.tree, ['routes']).get(name)?.keyPlace;
    routes.set(name, {
      name,
      ...approach,
      tiers: plainTiers(tiers),
      policy: routePolicy(value),
      place: `${file.report.name}:${place?.line}:${place?.column}`,
    });
  }
  return { routes, expander };
}

/** The tiers without their spots. */
export function plainTiers(tiers: readonly ExpandedTier[]): TierConfig[] {
  return tiers.map(({ strategy, candidates }) => ({ strategy, candidates: candidates.map(({ config }) => config) }));
}

function readTiers(
  name: string,
  value: RouteValue,
  { tree, report }: SettingsTree,
  names: NameTable,
): Pick<WrittenRoute, 'tiers' | 'isFaulty'> {
  const path = ['routes', name];
  const entry = entriesAt(tree, ['routes']).get(name);
  const fault = name === '' ? undefined : routeNameFault(name, names);
  if (fault !== undefined) report.error(entry?.keyPlace, path, fault);
  const models = nodeAt(tree, [...path, 'model']);
  const candidates = nodeAt(tree, [...path, 'candidates']);
  if (models && candidates) {
    report.error(
      candidates.place,
      [...path, 'candidates'],
      'only one of model and candidates may be given; leave one out',
    );
  }
  if (!models && !candidates) {
    report.error(
      entry?.node.place,
      [...path, 'model'],
      'required: model with a model such as my-backend:my-model, or candidates',
    );
  }
  const reader = new TierReader(value.strategy ?? 'ordered', tree);
  const field = models ? 'model' : 'candidates';
  const list = models ? asList(value.model) : value.candidates;
  const isSingle = models?.kind === 'scalar';
  for (const [index, one] of (list ?? []).entries()) {
    const here = isSingle ? [...path, field] : [...path, field, index];
    const spot: Spot = { report, place: nodeAt(tree, here)?.place, path: here };
    reader.add(one, spot);
  }
  const tiers = reader.tiers();
  for (const tier of tiers) warnOfIdleWeights(tier);
  return { tiers, isFaulty: reader.isFaulty || fault !== undefined };
}

function asList(model: RouteValue['model']): readonly (string | undefined)[] | undefined {
  return typeof model === 'string' ? [model] : model;
}

function routeNameFault(name: string, names: NameTable): string | undefined {
  const fault = publicNameProblem(name);
  if (fault !== undefined) return fault;
  const prefix = backendPrefix(name);
  if (prefix === undefined || !names.isBackend(prefix)) return undefined;
  return `would hide a model of backend ${prefix}, which nothing could name any more; write a name that does not begin with ${prefix}:`;
}

function warnOfLoneHedge(name: string, tiers: readonly ExpandedTier[], { tree, report }: SettingsTree): void {
  const path = ['routes', name, 'hedge'];
  const node = nodeAt(tree, path);
  if (!node || tiers.reduce((sum, { candidates }) => sum + candidates.length, 0) > 1) return;
  report.warning(node.place, path, 'has nothing to hedge with, since this route has one candidate only; add another');
}
