import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteStorage } from '../storage/sqlite-storage.ts';
import type { Storage } from '../storage/storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Caller } from '../types/caller.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { Ledger } from './ledger.ts';
import { Spool } from './spool.ts';
import type { CounterChange, UsageBatch, UsageStore } from './usage-entry.ts';

/** What the store does with a batch: takes it, is gone before it, or has taken it but nobody learns of it. */
export type Fate = 'taken' | 'gone' | 'unknown' | 'refused';

/** A real store whose connection can be cut. */
export class CuttableStore implements UsageStore {
  readonly storage: Storage;
  readonly since = Date.now();
  isThere = true;
  /** What becomes of the batches that come next; all others are taken. */
  fates: Fate[] = [];
  /** Every batch that was sent, by its id. */
  readonly sent: string[] = [];
  refuses: (batch: UsageBatch) => boolean = () => false;

  constructor(storage: Storage) {
    this.storage = storage;
  }

  async write(batch: UsageBatch): Promise<void> {
    const fate = this.isThere ? (this.fates.shift() ?? 'taken') : 'gone';
    this.sent.push(batch.id);
    if (fate === 'gone') throw new StorageError('unavailable', 'gone');
    if (fate === 'refused' || this.refuses(batch)) throw new StorageError('refused', 'no');
    await this.storage.usage.write(batch);
    if (fate === 'unknown') throw new StorageError('unavailable', 'no answer');
  }

  async counters(limits: Parameters<UsageStore['counters']>[0]): Promise<readonly CounterChange[]> {
    if (!this.isThere) throw new StorageError('unavailable', 'gone');
    return this.storage.usage.counters(limits);
  }

  async rows() {
    const { rows } = await this.storage.usage.rows({ from: 0, to: 1e15, limit: 1_000_000 });
    return rows;
  }
}

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function openTestStore(folder = testFolder()): Promise<CuttableStore> {
  const storage = await openSqliteStorage(folder, () => {});
  onTestFinished(() => storage.close());
  return new CuttableStore(storage);
}

export interface TestLedgerOptions {
  readonly spool?: Spool | undefined;
  readonly mostWaiting?: number;
  readonly flushIntervalMs?: number;
}

/** A ledger with what it said. */
export function openTestLedger(store: CuttableStore, options: TestLedgerOptions = {}) {
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const { spool, mostWaiting, flushIntervalMs = 20 } = options;
  const ledger = new Ledger({
    store,
    health: () => ({ ok: store.isThere, since: store.since }),
    spool,
    flushIntervalMs,
    log: { info: say, warn: say, error: say },
    ...(mostWaiting !== undefined && { mostWaiting }),
  });
  onTestFinished(() => ledger.close(0));
  return { ledger, said };
}

export function spoolIn(folder: string, mostBytes = 1e9): Spool {
  return new Spool(join(folder, 'spool'), mostBytes);
}

export const alice: Caller = { name: 'alice', role: 'user', models: undefined, owner: 'ann', team: 'red', tags: ['a'] };

let last = 0;

export function recordOf(more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: `req_${++last}`,
    protocol: 'chat',
    caller: 'alice',
    asked: 'm',
    backend: 'u',
    model: 'm',
    stream: false,
    status: 200,
    outcome: 'complete',
    code: undefined,
    error: undefined,
    attempts: 1,
    tries: undefined,
    clientRetries: undefined,
    usage: {
      promptTokens: 3,
      completionTokens: 2,
      totalTokens: 5,
      cachedTokens: undefined,
      reasoningTokens: undefined,
    },
    usageSource: 'reported',
    cost: 7,
    firstByteMs: 1.4,
    totalMs: 2.6,
    ...more,
  };
}

/** Books a call with what it takes of a limit, as the governor and the recorder tell it. */
export function book(ledger: Ledger, record = recordOf(), limitId = 'key:alice/tokens/day'): void {
  ledger.settled([{ limitId, periodStart: 0, used: record.usage?.totalTokens ?? 0 }]);
  ledger.add(record, alice);
}
