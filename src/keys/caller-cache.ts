import type { Caller } from '../types/caller.ts';
import type { AccessDirectory } from './access-directory.ts';
import { type Binder, buildCaller } from './build-caller.ts';
import type { KeyRecord } from './key-record.ts';

interface Kept {
  /** What the caller was made from, beside the file. */
  readonly stamp: string;
  readonly caller: Caller;
}

/** Keeps the callers of keys for which nothing has changed, so that of many keys only those are bound anew that did. */
export class CallerCache {
  readonly #binder: Binder;
  #kept: ReadonlyMap<string, Kept> = new Map();
  #config: AccessDirectory['config'] | undefined;

  constructor(binder: Binder) {
    this.#binder = binder;
  }

  /** @returns the callers of all keys, by the keys' ids */
  renew(directory: AccessDirectory): ReadonlyMap<string, Caller> {
    const isSameFile = this.#config === directory.config;
    const kept = new Map<string, Kept>();
    const callers = new Map<string, Caller>();
    for (const key of directory.keys) {
      const stamp = stampOf(key, directory);
      const earlier = isSameFile ? this.#kept.get(key.id) : undefined;
      const caller = earlier?.stamp === stamp ? earlier.caller : buildCaller(key, directory, this.#binder);
      kept.set(key.id, { stamp, caller });
      callers.set(key.id, caller);
    }
    this.#kept = kept;
    this.#config = directory.config;
    return callers;
  }
}

function stampOf(key: KeyRecord, directory: AccessDirectory): string {
  const groups = directory.groupsOf(key).map(({ name, createdAt, version }) => `${name} ${createdAt} ${version}`);
  return `${key.version} ${groups.join('\n')}`;
}
