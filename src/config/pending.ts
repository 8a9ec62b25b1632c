import type { BackendConfig } from './backend-config.ts';
import type { Connector } from './config.ts';
import type { PlacedConnector } from './connectors.ts';
import type { FileReport } from './report.ts';

/**
 * Which names are taken by routes, and by models that backends declare: `backend:model`, and the bare `model` where
 * just one backend declares it. By name, with the holder as messages call it.
 */
export function heldNames(
  backends: ReadonlyMap<string, BackendConfig>,
  routes: Iterable<string>,
): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const name of routes) held.set(name, `route ${name}`);
  /** undefined: by several. */
  const declaredBy = new Map<string, string | undefined>();
  for (const backend of backends.values()) {
    for (const model of backend.models.keys()) {
      const name = `${backend.name}:${model}`;
      if (!held.has(name)) held.set(name, `backend ${backend.name}`);
      declaredBy.set(model, declaredBy.has(model) ? undefined : backend.name);
    }
  }
  for (const [model, name] of declaredBy) {
    if (name !== undefined && !held.has(model)) held.set(model, `backend ${name}`);
  }
  return held;
}

/** The connectors by internal name; one whose name is held gets its holder, and a warning. */
export function settleConnectors(
  placed: readonly PlacedConnector[],
  held: ReadonlyMap<string, string>,
  report: FileReport,
): ReadonlyMap<string, Connector> {
  const connectors = new Map<string, Connector>();
  for (const { internal, external, provider, path, keys, place } of placed) {
    const heldBy = held.get(internal);
    if (heldBy !== undefined) {
      report.warning(
        place,
        keys,
        `is held by ${heldBy}, which keeps its traffic; this connector is pending until that is taken out or deleted`,
      );
    }
    connectors.set(internal, { internal, external, provider, path, heldBy });
  }
  return connectors;
}
