import { hash } from 'node:crypto';
import { GatewayError } from '../gateway-error.ts';
import type { KeySnapshot } from '../storage/key-store.ts';
import type { Storage } from '../storage/storage.ts';
import type { Caller } from '../types/caller.ts';
import type { AccessConfig } from './access-config.ts';
import { AccessDirectory } from './access-directory.ts';
import type { Binder } from './build-caller.ts';
import { CallerCache } from './caller-cache.ts';
import { expired, refusalOf, unknownKey } from './key-refusals.ts';
import { SnapshotFollower } from './snapshot-follower.ts';

export interface KeyBookPorts {
  /** Undefined: all keys stand in the file. */
  readonly storage: Pick<Storage, 'keys' | 'revision'> | undefined;
  /** Where the limits of callers are counted. */
  readonly binder: Binder;
  /** Told when the stored keys can no longer be read, or again; those known stay in force meanwhile. */
  readonly onReadable?: (readable: boolean, error: unknown) => void;
  /** Told after every change of who may call. */
  readonly onChange?: (directory: AccessDirectory) => void;
  /** Milliseconds between two looks at the storage's revision. */
  readonly pollMs?: number;
}

/** What a secret opens. */
interface Entry {
  readonly caller: Caller;
  /** Milliseconds since 1970. */
  readonly until: number;
  /** Why it is refused all the same. */
  readonly refusal: (() => GatewayError) | undefined;
}

const anonymous: Caller = { name: 'anonymous', role: 'admin', models: undefined };

/**
 * All keys of the gateway, in memory: those of the file, and the stored ones, which it follows within a second. A secret
 * is looked up by its SHA-256. That needs no comparison in constant time: who does not have the secret can choose neither
 * its digest nor digests near to it, so that the time of a look-up tells nothing to build on.
 */
export class KeyBook {
  readonly #ports: KeyBookPorts;
  readonly #follower: SnapshotFollower | undefined;
  readonly #callers: CallerCache;
  #config: AccessConfig;
  #directory: AccessDirectory;
  #entries: ReadonlyMap<string, Entry> = new Map();

  private constructor(config: AccessConfig, ports: KeyBookPorts) {
    this.#ports = ports;
    this.#config = config;
    this.#callers = new CallerCache(ports.binder);
    this.#directory = new AccessDirectory(config, undefined);
    const { storage, onReadable, pollMs } = ports;
    if (storage !== undefined) {
      const changed = () => this.#rebuild();
      this.#follower = new SnapshotFollower(storage, { changed, readable: onReadable, pollMs });
    }
    this.#rebuild();
  }

  /** Reads what is stored, as far as it can be read now, and follows it from then on. */
  static async open(config: AccessConfig, ports: KeyBookPorts): Promise<KeyBook> {
    const book = new KeyBook(config, ports);
    await book.#follower?.start();
    return book;
  }

  get directory(): AccessDirectory {
    return this.#directory;
  }

  /** Those whom keys let in, or would. */
  get callers(): Iterable<Caller> {
    return new Set([...this.#entries.values()].map(({ caller }) => caller));
  }

  /** What is stored, as far as it is known. */
  get snapshot(): KeySnapshot | undefined {
    return this.#follower?.snapshot;
  }

  /** False: there is a storage, and it could never be read; then unknown keys may be good ones. */
  get isKnown(): boolean {
    return this.#follower === undefined || this.#follower.snapshot !== undefined;
  }

  /** Whether everybody is let in, since there is no key at all. */
  get isOpen(): boolean {
    return this.#directory.keys.length === 0 && this.isKnown;
  }

  /** Takes another configuration; what is stored stays. */
  configure(config: AccessConfig): void {
    const { keys, tiers, teams, tags } = this.#config;
    if (config.keys === keys && config.tiers === tiers && config.teams === teams && config.tags === tags) return;
    this.#config = config;
    this.#rebuild();
  }

  /** Reads what is stored now. Rejects where that cannot be read. */
  async refresh(): Promise<void> {
    await this.#follower?.refresh();
  }

  /**
   * Whose secret this is. With no key at all everybody may do everything, whatever is sent.
   * @throws GatewayError `invalid_api_key`, `permission_denied`, or `backend_unavailable` where nothing is known yet
   */
  identify(secret: string | undefined): Caller {
    if (this.isOpen) return anonymous;
    if (secret === undefined) {
      throw unknownKey('a key is needed: send it as "Authorization: Bearer <key>" or as "x-api-key: <key>"');
    }
    const entry = this.#entries.get(hash('sha256', secret));
    if (entry === undefined) throw this.#unknown();
    if (entry.refusal !== undefined) throw entry.refusal();
    if (entry.until !== Number.POSITIVE_INFINITY && Date.now() >= entry.until) throw expired(entry.until);
    return entry.caller;
  }

  /** Stops following; the last state stays. */
  close(): void {
    this.#follower?.close();
  }

  #unknown(): GatewayError {
    if (this.isKnown) return unknownKey('this key of the gateway is not valid');
    const message =
      'keys that are not in headrace.yaml are not known yet, since the storage cannot be reached; try again';
    return new GatewayError('backend_unavailable', message, { retryAfterMs: 1000 });
  }

  #rebuild(): void {
    const directory = new AccessDirectory(this.#config, this.snapshot);
    const callers = this.#callers.renew(directory);
    const entries = new Map<string, Entry>();
    for (const key of directory.keys) {
      const caller = callers.get(key.id);
      if (caller === undefined) continue;
      const refusal = refusalOf(key, directory);
      for (const { sha256, expiresAt = Number.POSITIVE_INFINITY } of key.secrets) {
        if (entries.has(sha256)) continue; // the file's, which comes first
        const until = Math.min(expiresAt, key.expiresAt ?? Number.POSITIVE_INFINITY);
        entries.set(sha256, { caller, until, refusal });
      }
    }
    this.#directory = directory;
    this.#entries = entries;
    this.#ports.onChange?.(directory);
  }
}
