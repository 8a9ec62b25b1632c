import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, StorageSettings } from '../config/config.ts';
import { didYouMean } from '../config/suggest.ts';
import type { AccessDirectory } from '../keys/access-directory.ts';
import { type Binder, buildCaller } from '../keys/build-caller.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import { expired, refusalOf } from '../keys/key-refusals.ts';
import type { MemoryGovernor } from '../limits/memory-governor.ts';
import { openKeys } from '../open-keys.ts';
import type { ExplainedCaller } from '../pipeline/explain-caller.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { Storage } from '../storage/storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import { openLog } from '../telemetry/log.ts';

/** Nothing is counted but for the one who is asked about. */
const binder: Binder = { bind: (limits) => ({ limits }) };

/**
 * The holder of a key of the file or of the storage, with what the key's limits have used as far as it is stored. The
 * storage is read, and never made.
 * @param key its name or its id
 * @param governor counts the limits
 * @param warn told of what cannot be known
 * @returns a text: there is no such key, and what to do
 */
export async function findCaller(
  key: string,
  config: Config,
  governor: MemoryGovernor,
  warn: (message: string) => void,
): Promise<ExplainedCaller | string> {
  const settings = config.settings.storage;
  const storage = isThere(settings) ? await openStorage(settings, warn) : undefined;
  try {
    const { book } = await openKeys(config, { storage, binder, log: openLog('silent') });
    book.close();
    if (!book.isKnown) warn('the storage cannot be reached: only keys of the file are known');
    const { directory } = book;
    const found = directory.key(key) ?? directory.keys.find(({ name }) => name === key);
    if (found === undefined) return unknown(key, directory);
    const caller = buildCaller(found, directory, governor);
    const isUseKnown = await loadUse(governor, storage, warn);
    return { caller, refusal: refusalNow(found, directory), isUseKnown };
  } finally {
    await storage?.close();
  }
}

function isThere({ url, folder }: StorageSettings): boolean {
  return url !== undefined || (folder !== undefined && existsSync(join(folder, 'headrace.sqlite')));
}

function unknown(key: string, { keys }: AccessDirectory): string {
  const names = keys.map(({ name }) => name);
  return `there is no key ${JSON.stringify(key)}${didYouMean(key, names)}`;
}

function refusalNow(key: KeyRecord, directory: AccessDirectory): ExplainedCaller['refusal'] {
  const { expiresAt } = key;
  const refusal = refusalOf(key, directory)?.();
  return refusal ?? (expiresAt !== undefined && expiresAt <= Date.now() ? expired(expiresAt) : undefined);
}

/** @returns whether it is known */
async function loadUse(
  governor: MemoryGovernor,
  storage: Storage | undefined,
  warn: (message: string) => void,
): Promise<boolean> {
  if (storage === undefined) return false;
  const periods = governor.unloaded();
  try {
    governor.load(periods, await storage.usage.counters(periods));
    return true;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    warn(`what limits had used cannot be read: ${error.message}`);
    return false;
  }
}
