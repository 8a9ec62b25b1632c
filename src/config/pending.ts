import type { BackendConfig, Connector } from './config.ts';
import type { PlacedConnector } from './connectors.ts';
import type { FileReport } from './report.ts';

/**
 * Which names are taken by models that backends declare: `backend:model`, and the bare `model` where just one backend
 * declares it. By name, with the holder as messages call it.
 */
export function heldNames(backends: ReadonlyMap<string, BackendConfig>): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  const declaredBy = new Map<string, string[]>();
  for (const backend of backends.values()) {
    for (const model of backend.models.keys()) {
      held.set(`${backend.name}:${model}`, `backend ${backend.name}`);
      declaredBy.set(model, [...(declaredBy.get(model) ?? []), backend.name]);
    }
  }
  for (const [model, names] of declaredBy) {
    if (names.length === 1 && !held.has(model)) held.set(model, `backend ${names[0]}`);
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
