import type { BackendConfig, Config, Connector } from './config.ts';
import { heldNames } from './pending.ts';

/** Packages that an operator deleted while their files still name them. */
export interface Deletions {
  /** Internal names of connectors. They are back after the next reload. */
  readonly connectors: ReadonlySet<string>;
  /** Backends' models as `backend:model`. They stay away until their file no longer names them. */
  readonly models: ReadonlySet<string>;
}

export const noDeletions: Deletions = { connectors: new Set(), models: new Set() };

/** What a name of a package stands for. */
export type Package =
  | { readonly kind: 'connector'; readonly name: string }
  | { readonly kind: 'model'; readonly name: string };

/**
 * Finds what a name is held by: a connector that is active, or a backend's model under either of its names.
 * @param config with what is deleted already taken out
 */
export function findPackage(config: Config, name: string): Package | undefined {
  const connector = config.connectors.get(name);
  if (connector !== undefined && connector.heldBy === undefined) return { kind: 'connector', name };
  const declaring = [...config.backends.values()].filter((backend) => backend.models.has(name));
  for (const backend of config.backends.values()) {
    const prefix = `${backend.name}:`;
    if (name.startsWith(prefix) && backend.models.has(name.slice(prefix.length))) return { kind: 'model', name };
  }
  const [only] = declaring;
  if (only !== undefined && declaring.length === 1) return { kind: 'model', name: `${only.name}:${name}` };
  return connector === undefined ? undefined : { kind: 'connector', name };
}

/** The configuration without what was deleted; connectors that waited for a name become active. */
export function withoutDeleted(config: Config, deletions: Deletions): Config {
  if (deletions.connectors.size === 0 && deletions.models.size === 0) return config;
  const backends = new Map([...config.backends].map(([name, backend]) => [name, withoutModels(backend, deletions)]));
  const held = heldNames(backends);
  const connectors = new Map<string, Connector>();
  for (const [name, connector] of config.connectors) {
    if (!deletions.connectors.has(name)) connectors.set(name, { ...connector, heldBy: held.get(name) });
  }
  return { ...config, backends, connectors, deletedNames: deletedNames(config, deletions) };
}

/** Those deletions that still mean something: models that their files still declare. */
export function remainingDeletions(config: Config, deletions: Deletions): Deletions {
  const models = [...deletions.models].filter((name) => {
    const backend = [...config.backends.values()].find((one) => name.startsWith(`${one.name}:`));
    return backend?.models.has(name.slice(backend.name.length + 1)) === true;
  });
  return { connectors: new Set(), models: new Set(models) };
}

function withoutModels(backend: BackendConfig, { models: deleted }: Deletions): BackendConfig {
  const models = new Map([...backend.models].filter(([model]) => !deleted.has(`${backend.name}:${model}`)));
  return models.size === backend.models.size ? backend : { ...backend, models };
}

/** The names that must not fall through to a backend that would take any name. */
function deletedNames(config: Config, deletions: Deletions): ReadonlySet<string> {
  const names = new Set([...deletions.connectors, ...deletions.models]);
  for (const backend of config.backends.values()) {
    for (const model of backend.models.keys()) if (names.has(`${backend.name}:${model}`)) names.add(model);
  }
  return names;
}
