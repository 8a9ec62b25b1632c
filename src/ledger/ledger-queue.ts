import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../storage/storage-error.ts';
import { HeldBatch } from './held-batch.ts';
import type { LedgerState } from './ledger.ts';
import { type LedgerLog, LedgerTroubles } from './ledger-troubles.ts';
import { type CounterSource, LimitLoader } from './limit-loader.ts';
import { type Spool, SpoolFullError } from './spool.ts';
import type { UsageBatch, UsageStore } from './usage-entry.ts';

export interface LedgerQueuePorts {
  readonly store: UsageStore;
  /** Whether the store is there, and from when on; milliseconds since 1970. */
  readonly health: () => { readonly ok: boolean; readonly since: number };
  /** Undefined: there is no disk; what cannot be written waits in memory. */
  readonly spool: Spool | undefined;
  readonly log: LedgerLog;
  /** Calls that are kept in memory at most where there is no disk, or no room on it. Default 50,000. */
  readonly mostWaiting?: number;
}

/** After how long something that failed is tried again. */
const retryMs = 250;

/** Batches on their way to the store, in order. What has waited for an interval is on disk. */
export class LedgerQueue {
  readonly #ports: LedgerQueuePorts;
  readonly #mostWaiting: number;
  readonly #troubles: LedgerTroubles;
  /** What earlier processes left; it goes first. */
  #inherited: HeldBatch[] = [];
  #queue: HeldBatch[] = [];
  #delivering: Promise<void> | undefined;
  #spooling: Promise<void> = Promise.resolve();
  #retryAt = 0;
  #spoolAt = 0;
  readonly #limits: LimitLoader;
  #written = 0;

  constructor(ports: LedgerQueuePorts) {
    this.#ports = ports;
    this.#mostWaiting = ports.mostWaiting ?? 50_000;
    this.#troubles = new LedgerTroubles(ports.log);
    this.#limits = new LimitLoader(ports.store);
  }

  get state(): LedgerState {
    const { ok, since } = this.#ports.health();
    const held = [...this.#inherited, ...this.#queue];
    const rowsOf = (some: readonly HeldBatch[]) => some.reduce((sum, { rows }) => sum + rows, 0);
    return {
      store: ok ? 'ok' : 'lost',
      since,
      waiting: rowsOf(held.filter(({ file }) => file === undefined)),
      spooled: rowsOf(held.filter(({ file }) => file !== undefined)),
      spooledBytes: this.#ports.spool?.bytes ?? 0,
      written: this.#written,
      lost: this.#troubles.lost,
    };
  }

  async start(withinMs: number): Promise<void> {
    try {
      const found = (await this.#ports.spool?.inherit()) ?? [];
      this.#inherited = found.map((file) => new HeldBatch({ file }));
      const rows = found.reduce((sum, file) => sum + file.rows, 0);
      if (rows > 0) this.#ports.log.info({ rows }, 'usage that was not written before the end is delivered now');
    } catch (error) {
      this.#ports.log.error({ error: String(error) }, 'usage that was not written before the end cannot be read');
    }
    this.deliver();
    await Promise.race([this.#delivering, sleep(withinMs, undefined, { ref: false })]);
  }

  push(batch: UsageBatch): void {
    this.#queue.push(new HeldBatch({ batch }));
    if (!this.#ports.health().ok) this.keepWaiting(0);
    if (this.#ports.spool === undefined) this.#keepBound('there is no disk to keep them on');
  }

  /** Puts on disk what has waited for so long. */
  keepWaiting(forMs: number): void {
    const { spool } = this.#ports;
    const now = performance.now();
    if (spool === undefined || now < this.#spoolAt) return;
    for (const held of this.#queue) {
      if (held.batch === undefined || held.isSpooling || held.isSplit || now - held.since < forMs) continue;
      held.isSpooling = true;
      this.#spooling = this.#spooling.then(() => this.#putOnDisk(held, spool));
    }
  }

  /** Begins to write what is there. */
  deliver(): void {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = undefined;
    });
  }

  /** Loads what was used of limits before this process began, before anything more is written of them. */
  loadLimits(of: CounterSource): void {
    this.#limits.of(of);
  }

  /** Counts calls of which there will be no row. */
  lose(rows: number, why: string): void {
    this.#troubles.lose(rows, why);
  }

  async close(withinMs: number): Promise<void> {
    const timer = sleep(withinMs, undefined, { ref: false });
    const isLate = timer.then(() => true);
    const all = async () => {
      while (this.#queue.length > 0 && this.#ports.health().ok) {
        this.#retryAt = 0;
        this.deliver();
        await this.#delivering;
        if (this.#queue.length > 0) await sleep(20);
      }
      return false;
    };
    await Promise.race([all(), isLate]);
    this.#spoolAt = 0;
    this.#queue = this.#queue.flatMap((held) => held.rest);
    this.keepWaiting(0);
    await this.#spooling;
    const rows = this.#queue.reduce((sum, held) => sum + (held.file === undefined ? held.rows : 0), 0);
    if (rows > 0) this.#troubles.lose(rows, 'the store is gone at the end, and they cannot be put on disk');
    this.#queue = [];
  }

  async #deliverAll(): Promise<void> {
    while (this.#ports.health().ok && performance.now() >= this.#retryAt) {
      const from = this.#inherited.length > 0 ? this.#inherited : this.#queue;
      const [held] = from; // before counters are loaded: what comes meanwhile may belong to limits that are not
      if (from === this.#queue && !(await this.#load())) return;
      if (held === undefined) return;
      if (held.isOver) continue; // another one has taken it in
      if (!(await this.#deliverOne(held))) return;
      if (from === this.#inherited) this.#inherited.shift();
      else this.#takeAway(held);
      if (this.#inherited.length === 0 && this.#queue.length === 0) this.#troubles.allWritten();
    }
  }

  /** @returns false: it is to be tried again */
  async #deliverOne(held: HeldBatch): Promise<boolean> {
    const batch = held.batch ?? (await this.#read(held));
    if (batch === undefined) return held.isOver;
    try {
      const { store } = this.#ports;
      const refused = await held.deliver(batch, (part) => store.write(part), isRefused);
      this.#written += held.rows - refused.rows;
      if (refused.rows > 0) this.#troubles.lose(refused.rows, `the store refuses them: ${refused.error}`);
      else if (refused.counters > 0) this.#troubles.loseCounters(refused.counters, refused.error);
    } catch {
      this.#retryAt = performance.now() + retryMs; // the storage itself says that it is gone
      return false;
    }
    held.isOver = true;
    if (held.file !== undefined)
      await this.#ports.spool?.remove(held.file).catch((error) => this.#troubles.notRemoved(error));
    return true;
  }

  async #read(held: HeldBatch): Promise<UsageBatch | undefined> {
    const { file, rows } = held;
    const { spool } = this.#ports;
    if (file === undefined || spool === undefined) return undefined;
    try {
      const batch = await spool.read(file);
      if (batch !== undefined) return batch;
      await spool.remove(file);
      held.isOver = true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== undefined) {
        this.#retryAt = performance.now() + retryMs;
        this.#troubles.folder(`cannot be read: ${error}`);
        return undefined;
      }
      held.isOver = true;
      const name = await spool.setAside(file).catch(() => file.path);
      this.#troubles.damaged(name, rows, error);
    }
    return undefined;
  }

  /** @returns whether all limits know what was used of them */
  async #load(): Promise<boolean> {
    if (await this.#limits.load()) return true;
    this.#retryAt = performance.now() + retryMs;
    return false;
  }

  async #putOnDisk(held: HeldBatch, spool: Spool): Promise<void> {
    const { batch } = held;
    try {
      if (held.isOver || batch === undefined) return;
      const file = await spool.put(batch);
      if (held.isOver) return await spool.remove(file);
      held.file = file;
      held.batch = undefined;
      this.#troubles.folderIsFine();
    } catch (error) {
      this.#spoolAt = performance.now() + retryMs;
      const why = error instanceof SpoolFullError ? `is full: ${error.message}` : `cannot be written: ${error}`;
      this.#troubles.folder(why);
      held.isSpooling = false; // so that it may be given up
      this.#keepBound(`the folder for usage that waits ${why}`);
    } finally {
      held.isSpooling = false;
    }
  }

  /** Gives up the newest calls where more wait in memory than may. What they took of limits is kept. */
  #keepBound(why: string): void {
    const inMemory = this.#queue.filter(({ batch, isSent }) => batch !== undefined && !isSent);
    let rows = inMemory.reduce((sum, held) => sum + held.rows, 0);
    for (const held of inMemory.toReversed()) {
      if (rows <= this.#mostWaiting) return;
      if (held.rows === 0 || held.isSpooling) continue;
      rows -= held.rows;
      this.#troubles.lose(held.rows, why);
      held.strip();
      this.#join(held);
    }
  }

  #join(stripped: HeldBatch): void {
    const other = this.#queue.find((one) => one !== stripped && one.rows === 0 && !one.isSent && !one.isSpooling);
    if (other?.batch === undefined) return;
    other.absorb(stripped);
    stripped.isOver = true;
    this.#takeAway(stripped);
  }

  #takeAway(held: HeldBatch): void {
    if (this.#queue[0] === held) this.#queue.shift();
    else this.#queue = this.#queue.filter((one) => one !== held);
  }
}

/** Anything else may go well another time. */
function isRefused(error: unknown): boolean {
  return !(error instanceof StorageError) || error.code !== 'unavailable';
}
