import type { BackendConfig } from './backend-config.ts';
import type { Config, Connector } from './config.ts';
import { DeclaredModels, splitDeclared } from './declared-models.ts';
import { nameHolder } from './pending.ts';

/** Packages that an operator deleted while their files still name them. */
export interface Deletions {
  /** Internal names of connectors. They are back after the next reload. */
  readonly connectors: ReadonlySet<string>;
  /**
   * The other packages: backends' models as `backend:model`, routes as `route NAME`, which no backend's name can begin
   * like. They stay away until their file no longer names them.
   */
  readonly models: ReadonlySet<string>;
}

export const noDeletions: Deletions = { connectors: new Set(), models: new Set() };

/** What a name of a package stands for. */
export interface Package {
  readonly kind: 'connector' | 'model' | 'route';
  /** As it stands in `Deletions`. */
  readonly name: string;
}

const routePrefix = 'route ';

/** A package as users name it. */
export function publicName(name: string): string {
  return name.startsWith(routePrefix) ? name.slice(routePrefix.length) : name;
}

/**
 * Finds what a name is held by: a route, a connector that is active, or a backend's model under either of its names.
 * @param config with what is deleted already taken out
 */
export function findPackage(config: Config, name: string): Package | undefined {
  if (config.routes.has(name)) return { kind: 'route', name: routePrefix + name };
  const connector = config.connectors.get(name);
  if (connector !== undefined && connector.heldBy === undefined) return { kind: 'connector', name };
  if (splitDeclared(name, config.backends) !== undefined) return { kind: 'model', name };
  const [only, ...others] = DeclaredModels.of(config.backends).declaring(name);
  if (only !== undefined && others.length === 0) return { kind: 'model', name: `${only}:${name}` };
  return connector === undefined ? undefined : { kind: 'connector', name };
}

/** The configuration without what was deleted; connectors that waited for a name become active. */
export function withoutDeleted(config: Config, deletions: Deletions): Config {
  if (deletions.connectors.size === 0 && deletions.models.size === 0) return config;
  const backends = new Map([...config.backends].map(([name, backend]) => [name, withoutModels(backend, deletions)]));
  const routes = new Map([...config.routes].filter(([name]) => !deletions.models.has(routePrefix + name)));
  const holderOf = nameHolder(backends, routes.keys());
  const connectors = new Map<string, Connector>();
  for (const [name, connector] of config.connectors) {
    if (!deletions.connectors.has(name)) connectors.set(name, { ...connector, heldBy: holderOf(name) });
  }
  const emptied = [...config.backends.values()].filter(
    ({ name, models }) => models.size > 0 && backends.get(name)?.models.size === 0,
  );
  return {
    ...config,
    backends,
    connectors,
    routes,
    deletedNames: deletedNames(config, backends, deletions),
    emptiedBackends: new Set(emptied.map(({ name }) => name)),
  };
}

/** Those deleted models and routes that their files still name; the others mean nothing any more. */
export function remainingModels(config: Config, models: Iterable<string>): ReadonlySet<string> {
  const declared = [...models].filter((name) => {
    if (name.startsWith(routePrefix)) return config.routes.has(publicName(name));
    return splitDeclared(name, config.backends) !== undefined;
  });
  return new Set(declared);
}

function withoutModels(backend: BackendConfig, { models: deleted }: Deletions): BackendConfig {
  const models = new Map([...backend.models].filter(([model]) => !deleted.has(`${backend.name}:${model}`)));
  return models.size === backend.models.size ? backend : { ...backend, models };
}

/**
 * The names that must not fall through to a backend that would take any name. A bare name that other backends declare
 * as well is theirs.
 */
function deletedNames(
  config: Config,
  left: ReadonlyMap<string, BackendConfig>,
  deletions: Deletions,
): ReadonlySet<string> {
  const declared = new Set([...left.values()].flatMap((backend) => [...backend.models.keys()]));
  const names = new Set([...deletions.connectors, ...[...deletions.models].map(publicName)]);
  for (const backend of config.backends.values()) {
    for (const model of backend.models.keys()) {
      if (deletions.models.has(`${backend.name}:${model}`) && !declared.has(model)) names.add(model);
    }
  }
  return names;
}
