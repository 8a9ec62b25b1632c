import { GatewayError } from '../gateway-error.ts';
import type { AccessDirectory, GroupRecord } from './access-directory.ts';
import { auditOf } from './audit.ts';
import { checkTier } from './check-names.ts';
import type { Grantor } from './grants.ts';
import { type ManagerPorts, readFresh, writeChange } from './store-access.ts';
import type { Group } from './virtual-key.ts';

/** What a team or a tag is to be. */
export type NewGroup = Pick<Group, 'kind' | 'name' | 'tier' | 'limits'>;

/** Makes and changes the stored teams and tags. All errors are `GatewayError`s. */
export class GroupManager {
  readonly #ports: ManagerPorts;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
  }

  /** @param version the one that it replaces, 0: there must be none yet; undefined: whichever is there */
  async put(wanted: NewGroup, version: number | undefined, by: Grantor): Promise<GroupRecord> {
    const directory = await readFresh(this.#ports);
    checkStored(wanted.kind, wanted.name, directory);
    checkTier(wanted.tier, directory);
    const group = { ...wanted, createdAt: Date.now(), version: 1 };
    const stored = await writeChange(this.#ports, version, () => this.#ports.store.putGroup(group, version));
    const fields = (['tier', 'limits'] as const).filter((field) => wanted[field] !== undefined);
    this.#ports.audit(auditOf(`${wanted.kind}.put`, by, { name: wanted.name }, fields));
    return { ...stored, source: undefined };
  }

  /**
   * Keys that name it keep its name: those of a team are refused from then on, those of a tag lose its limits.
   * @param force also where a team has keys
   */
  async delete(
    kind: Group['kind'],
    name: string,
    options: { readonly force: boolean; readonly version: number | undefined },
    by: Grantor,
  ): Promise<void> {
    const directory = await readFresh(this.#ports);
    checkStored(kind, name, directory);
    if (kind === 'team' && !options.force) checkEmpty(name, directory);
    const { version } = options;
    const wasThere = await writeChange(this.#ports, version, () => this.#ports.store.deleteGroup(kind, name, version));
    if (!wasThere) throw noGroup(kind, name);
    this.#ports.audit(auditOf(`${kind}.delete`, by, { name }));
  }
}

/** The refusal where no team or tag has this name. */
export function noGroup(kind: Group['kind'], name: string): GatewayError {
  return new GatewayError('not_found', `there is no ${kind} "${name.slice(0, 200)}"`);
}

function checkStored(kind: Group['kind'], name: string, directory: AccessDirectory): void {
  const source = directory.groups(kind).get(name)?.source;
  if (source === undefined) return;
  throw new GatewayError('conflict', `the ${kind} "${name}" stands in ${source}, and can only be changed there`);
}

const namesShown = 5;

function checkEmpty(team: string, directory: AccessDirectory): void {
  const keys = directory.keys.filter((key) => key.team === team).map((key) => key.name);
  if (keys.length === 0) return;
  const more = keys.length > namesShown ? ', ...' : '';
  const message = `the team "${team}" has ${keys.length} keys (${keys.slice(0, namesShown).join(', ')}${more}), which would be refused from then on; move them first, or repeat with ?force=true`;
  throw new GatewayError('conflict', message, { detail: { keys: keys.length } });
}
