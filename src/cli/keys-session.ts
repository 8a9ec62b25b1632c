import type { Config } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Binder } from '../keys/build-caller.ts';
import { type Keys, openKeys } from '../open-keys.ts';
import { openStorage } from '../storage/open-storage.ts';
import { StorageOpenError } from '../storage/storage-open-error.ts';
import { openLog } from '../telemetry/log.ts';
import type { ConfigFlags } from './config-options.ts';
import { loadOrComplain } from './load.ts';

/** The keys of a configuration and its storage. */
export interface KeysSession {
  readonly book: Keys['book'];
  readonly managers: NonNullable<Keys['managers']>;
}

/** Who may write the storage may do everything. */
export const operator = { name: 'command line', role: 'admin', models: undefined } as const;

/** Nothing is counted here. */
const binder: Binder = { bind: (limits) => ({ limits }) };

/** Does something with the stored keys, and says what was wrong where it fails; exit code 1 then. */
export async function withKeys(flags: ConfigFlags, work: (session: KeysSession) => Promise<void>): Promise<void> {
  const config = await loadOrComplain(flags);
  if (config === undefined) return;
  try {
    await withStorage(config, work);
  } catch (error) {
    if (!(error instanceof GatewayError) && !(error instanceof StorageOpenError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

async function withStorage(config: Config, work: (session: KeysSession) => Promise<void>): Promise<void> {
  const storage = await openStorage(config.settings.storage, say);
  if (storage === undefined) {
    throw new GatewayError('conflict', 'there is no storage; set storage.folder or storage.url in headrace.yaml');
  }
  try {
    const { book, managers } = await openKeys(config, { storage, binder, log: openLog('silent') });
    try {
      if (managers === undefined || !book.isKnown) await book.refresh(); // says why it cannot be read
      if (managers !== undefined) await work({ book, managers });
    } finally {
      book.close();
    }
  } finally {
    await storage.close();
  }
}

function say(message: string): void {
  process.stderr.write(`headrace: ${message}\n`);
}
