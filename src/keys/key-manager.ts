import { GatewayError } from '../gateway-error.ts';
import type { Secret } from '../secret.ts';
import type { KeyChange } from '../storage/key-store.ts';
import { type AuditLine, auditOf } from './audit.ts';
import { checkNames } from './check-names.ts';
import { checkGrant, type Grantor } from './grants.ts';
import { type KeyRecord, recordOfStored } from './key-record.ts';
import { createKeyId, createSecret } from './key-secret.ts';
import { type ManagerPorts, readFresh, writeChange } from './store-access.ts';
import type { VirtualKey } from './virtual-key.ts';

/** What a new key is to be. */
export type NewKey = Pick<
  VirtualKey,
  'name' | 'owner' | 'team' | 'tags' | 'role' | 'models' | 'tier' | 'limits' | 'expiresAt'
>;

/** A key with the secret that opens it, which is told this once. */
export interface OpenedKey {
  readonly key: KeyRecord;
  readonly secret: Secret;
}

/** Secrets that may open one key at a time. */
const mostSecrets = 8;

/** Makes and changes the stored keys. All errors are `GatewayError`s; those of fields name the field. */
export class KeyManager {
  readonly #ports: ManagerPorts;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
  }

  async create(wanted: NewKey, by: Grantor): Promise<OpenedKey> {
    const directory = await readFresh(this.#ports);
    checkGrant(by, wanted);
    checkNames(wanted, directory);
    if (directory.keys.length === 0 && wanted.role !== 'admin') throw lockedOut();
    const { secret, sha256, last4 } = createSecret();
    const createdAt = Date.now();
    const secrets = [{ sha256, last4, createdAt, expiresAt: undefined }];
    const key = { ...wanted, id: createKeyId(), createdAt, disabledAt: undefined, version: 1, secrets };
    await writeChange(this.#ports, 0, () => this.#ports.store.create(key));
    this.#audit('key.create', by, key, givenFields(wanted));
    return { key: recordOfStored(key), secret };
  }

  /**
   * @param version the one that it is for; undefined: whichever is there
   * @param describe what is to change of the key as it is; a property that is there and undefined is cleared
   */
  async change(
    id: string,
    version: number | undefined,
    describe: (key: KeyRecord) => KeyChange,
    by: Grantor,
  ): Promise<KeyRecord> {
    return this.#change('key.change', id, version, by, (key) => {
      const change = describe(key);
      checkGrant(by, { ...key, ...change });
      checkNames(change, this.#ports.directory(), id);
      return change;
    });
  }

  /** Once more changes nothing. */
  async disable(id: string, version: number | undefined, by: Grantor): Promise<KeyRecord> {
    return this.#change('key.disable', id, version, by, ({ disabledAt }) => ({ disabledAt: disabledAt ?? Date.now() }));
  }

  async enable(id: string, version: number | undefined, by: Grantor): Promise<KeyRecord> {
    return this.#change('key.enable', id, version, by, (key) => {
      checkGrant(by, key);
      return { disabledAt: undefined };
    });
  }

  /** @param overlapMs how long the old secrets still open the key */
  async rotate(id: string, version: number | undefined, overlapMs: number, by: Grantor): Promise<OpenedKey> {
    const { secret, sha256, last4 } = createSecret();
    const key = await writeChange(this.#ports, version, async () => {
      const before = await this.#changeable(id);
      checkGrant(by, before);
      const createdAt = Date.now();
      if (overlapMs > 0) checkSecrets(before, createdAt);
      const added = { sha256, last4, createdAt, expiresAt: undefined };
      return this.#ports.store.rotate(id, version ?? before.version, added, createdAt + overlapMs);
    });
    this.#audit('key.rotate', by, key);
    return { key: recordOfStored(key), secret };
  }

  async delete(id: string, version: number | undefined, by: Grantor): Promise<void> {
    const key = await this.#changeable(id);
    const wasThere = await writeChange(this.#ports, version, () => this.#ports.store.delete(id, version));
    if (!wasThere) throw noKey(id);
    this.#audit('key.delete', by, key);
  }

  async #change(
    action: AuditLine['action'],
    id: string,
    version: number | undefined,
    by: Grantor,
    describe: (key: KeyRecord) => KeyChange,
  ): Promise<KeyRecord> {
    let fields: string[] = [];
    const key = await writeChange(this.#ports, version, async () => {
      const before = await this.#changeable(id);
      const change = describe(before);
      fields = Object.keys(change);
      return this.#ports.store.change(id, version ?? before.version, change);
    });
    this.#audit(action, by, key, fields);
    return recordOfStored(key);
  }

  async #changeable(id: string): Promise<KeyRecord> {
    const key = (await readFresh(this.#ports)).key(id);
    if (key === undefined) throw noKey(id);
    if (key.source === undefined) return key;
    throw new GatewayError('conflict', `"${key.name}" is a key of ${key.source}, and can only be changed there`);
  }

  #audit(
    action: AuditLine['action'],
    by: Grantor,
    { id, name }: Pick<KeyRecord, 'id' | 'name'>,
    fields: readonly string[] = [],
  ): void {
    this.#ports.audit(auditOf(action, by, { name, id }, fields));
  }
}

/** The refusal where no key has this id. */
export function noKey(id: string): GatewayError {
  return new GatewayError('not_found', `there is no key with the id "${id.slice(0, 200)}"`);
}

function lockedOut(): GatewayError {
  const message =
    'this gateway has no key yet, and with this one it would ask everybody for a key: make one with the role admin first';
  return new GatewayError('conflict', message, { param: 'role' });
}

function checkSecrets(key: KeyRecord, now: number): void {
  const open = key.secrets.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now);
  if (open.length < mostSecrets) return;
  const message = `${open.length} secrets open this key already; rotate it without an overlap, or wait until one ends`;
  throw new GatewayError('conflict', message, { param: 'overlap_seconds' });
}

function givenFields(wanted: NewKey): string[] {
  return Object.entries(wanted).flatMap(([field, value]) => (value === undefined ? [] : [field]));
}
