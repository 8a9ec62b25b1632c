import { noApproach, type RouteApproach } from './approaches-config.ts';
import type { NameTable } from './name-table.ts';
import type { SettingsTree } from './resolve-setting.ts';
import type { KnownApproaches } from './route-approach.ts';
import type { ModelAlias, RouteConfig } from './route-config.ts';
import { errorAt, type Spot, warnAt } from './spot.ts';
import { nodeAt, type TreeNode } from './tree.ts';

/** What else there is that gives names a meaning. */
export interface OtherNames {
  readonly names: NameTable;
  readonly aliases: readonly ModelAlias[];
  /** Whether a default takes every name that nothing else does, or is to do so once its own fault is mended. */
  readonly hasDefault: boolean;
}

/** Checks the models that the parameters of routes' approaches name; faults are in the report. */
export function checkApproachModels(
  routes: ReadonlyMap<string, RouteConfig>,
  file: SettingsTree | undefined,
  { catalogue }: KnownApproaches,
  others: OtherNames,
): void {
  if (file === undefined || catalogue === undefined) return;
  for (const [route, { approach, approachParameters }] of routes) {
    if (approach === noApproach.approach) continue;
    const top = ['routes', route, 'parameters'];
    for (const { name, path } of catalogue.models(approach, approachParameters)) {
      const spot: Spot = { report: file.report, place: placeOf(nodeAt(file.tree, top), path), path: [...top, ...path] };
      checkName(name, spot, routes, others);
    }
  }
}

function checkName(
  name: string,
  spot: Spot,
  routes: ReadonlyMap<string, RouteApproach>,
  { names, aliases, hasDefault }: OtherNames,
): void {
  const found = names.find(name);
  if (found.kind === 'route') {
    const { approach } = routes.get(name) ?? noApproach;
    if (approach === noApproach.approach) return;
    errorAt(
      spot,
      `is a route with the approach ${approach}, which would be lost here; write a model of that route instead`,
    );
  } else if (found.kind === 'target') {
    if (found.warning !== undefined) warnAt(spot, found.warning);
  } else if (found.kind === 'fault') {
    const isTaken = hasDefault || aliases.some(({ pattern }) => pattern.test(name));
    if (!isTaken) errorAt(spot, found.fault);
  }
}

function placeOf(parameters: TreeNode | undefined, path: readonly (string | number)[]) {
  return parameters && (nodeAt(parameters, path) ?? parameters).place;
}
