import { join } from 'node:path';
import type { StorageSettings } from './config/config.ts';
import type { DegradablePart } from './http/degradation.ts';
import { Ledger } from './ledger/ledger.ts';
import { Retention } from './ledger/retention.ts';
import { Spool } from './ledger/spool.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** Bytes of usage that wait on disk at most while the store is gone: about half a million calls. */
const mostSpooledBytes = 256 * 1024 * 1024;

/** The ledger of a gateway, with all that goes on around it. */
export interface OpenLedger {
  readonly ledger: Ledger;
  /** @param withinMs how long the store may take for what still waits */
  close(withinMs: number): Promise<void>;
}

/** Opens the ledger of a storage; undefined without one. */
export function openLedger(storage: Storage | undefined, settings: StorageSettings, log: Log): OpenLedger | undefined {
  if (storage === undefined) return undefined;
  const { folder, flushIntervalMs, keepUsageMs: keepMs, keepUsageSumsMs: keepSumsMs } = settings;
  const ledger = new Ledger({
    store: storage.usage,
    health: () => storage.health,
    spool: folder === undefined ? undefined : new Spool(join(folder, 'usage-spool'), mostSpooledBytes),
    log,
    flushIntervalMs,
  });
  const forget = storage.onHealth(({ ok, error }) => {
    const { waiting, spooled } = ledger.state;
    if (ok) log.info({ waiting: waiting + spooled }, 'usage can be written again');
    else log.error({ error }, 'usage cannot be written; it waits until the storage is back');
  });
  const retention = new Retention({ usage: storage.usage, keepMs, keepSumsMs, log });
  return {
    ledger,
    close: async (withinMs) => {
      retention.close();
      await ledger.close(withinMs);
      forget();
    },
  };
}

/** What everybody may see of it. */
export function degradableUsage(ledger: Ledger): DegradablePart {
  return {
    name: 'usage',
    isDegraded: () => !ledger.isStoreThere,
    state: () => {
      const { store, since, waiting, spooled } = ledger.state;
      return { store, since: new Date(since).toISOString(), waiting: waiting + spooled };
    },
  };
}
