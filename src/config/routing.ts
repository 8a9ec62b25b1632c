import { checkApproachModels } from './approach-models.ts';
import type { BackendConfig } from './backend-config.ts';
import type { Config, EffectiveSetting } from './config.ts';
import { findDefaultTarget } from './default-target.ts';
import { checkDowngrades } from './downgrades.ts';
import { loadModelAliases } from './model-aliases.ts';
import { type KnownNames, NameTable } from './name-table.ts';
import type { Resolved, SettingsTree } from './resolve-setting.ts';
import type { KnownApproaches } from './route-approach.ts';
import { loadRoutes, routeNames } from './routes.ts';
import { nodeAt } from './tree.ts';
import { writtenValues } from './written-values.ts';

/** Everything of a configuration that says where calls go. */
export interface Routing {
  readonly config: Pick<Config, 'routes' | 'modelAliases' | 'defaultRoute'>;
  readonly defaultBackend: string | undefined;
  /** What `tiers`, `teams`, `tags`, `routes`, `model_aliases` and `brake` say, value by value with its place. */
  readonly written: readonly EffectiveSetting[];
}

/**
 * Reads and checks routes, aliases and the default; what is faulty is in the report.
 * @param typed the backend of `--base-url`
 */
export function loadRouting(
  file: SettingsTree | undefined,
  defaultBackend: Resolved<string>,
  typed: BackendConfig | undefined,
  known: Omit<KnownNames, 'routes'>,
  approaches: KnownApproaches,
): Routing {
  const names = new NameTable({ ...known, routes: routeNames(file) });
  const { routes, expander } = loadRoutes(file, names, approaches);
  const target = findDefaultTarget(defaultBackend, typed, names, expander);
  const aliases = loadModelAliases(file);
  const others = {
    names,
    aliases,
    hasDefault: defaultBackend.value !== undefined || target.backend !== undefined,
  };
  checkApproachModels(routes, file, approaches, others);
  checkDowngrades(file, others);
  return {
    config: { routes, modelAliases: aliases, defaultRoute: target.route },
    defaultBackend: target.backend,
    written: writtenSections(file),
  };
}

function writtenSections(file: SettingsTree | undefined): EffectiveSetting[] {
  return ['tiers', 'teams', 'tags', 'routes', 'model_aliases', 'brake'].flatMap((section) => {
    const node = file && nodeAt(file.tree, [section]);
    return file && node ? writtenValues(node, file.report.name, [section]) : [];
  });
}
