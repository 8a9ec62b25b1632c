import type { BackendConfig } from './backend-config.ts';
import type { Connector } from './config.ts';
import type { PlacedConnector } from './connectors.ts';
import { DeclaredModels, splitDeclared } from './declared-models.ts';
import type { FileReport } from './report.ts';

/**
 * Says by whom a name is held, as messages call it: by a route, or by a model that a backend declares, as
 * `backend:model` or as the bare `model` where just one backend declares it.
 */
export function nameHolder(
  backends: ReadonlyMap<string, BackendConfig>,
  routes: Iterable<string>,
): (name: string) => string | undefined {
  const routeNames = new Set(routes);
  const models = DeclaredModels.of(backends);
  return (name) => {
    if (routeNames.has(name)) return `route ${name}`;
    const declared = splitDeclared(name, backends);
    if (declared !== undefined) return `backend ${declared.backend.name}`;
    const [only, ...others] = models.declaring(name);
    return only === undefined || others.length > 0 ? undefined : `backend ${only}`;
  };
}

/** The connectors by internal name; one whose name is held gets its holder, and a warning. */
export function settleConnectors(
  placed: readonly PlacedConnector[],
  holderOf: (name: string) => string | undefined,
  report: FileReport,
): ReadonlyMap<string, Connector> {
  const connectors = new Map<string, Connector>();
  for (const { internal, external, provider, path, keys, place } of placed) {
    const heldBy = holderOf(internal);
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
