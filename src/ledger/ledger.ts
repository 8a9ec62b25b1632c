import { randomBytes } from 'node:crypto';
import type { CounterChange } from '../limits/counter-change.ts';
import type { Caller } from '../types/caller.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { LedgerQueue, type LedgerQueuePorts } from './ledger-queue.ts';
import type { CounterSource } from './limit-loader.ts';
import { OpenBatch } from './open-batch.ts';
import { toEntry } from './to-entry.ts';

export interface LedgerOptions extends LedgerQueuePorts {
  /** How often what came is written. */
  readonly flushIntervalMs: number;
}

/** How the ledger fares. Rows are calls. */
export interface LedgerState {
  readonly store: 'ok' | 'lost';
  /** Milliseconds since 1970: from when on. */
  readonly since: number;
  /** In memory, not written yet. */
  readonly waiting: number;
  /** On disk, not written yet. */
  readonly spooled: number;
  readonly spooledBytes: number;
  /** Since the start. */
  readonly written: number;
  /** Since the start: given up for want of room, or since the store refuses them. */
  readonly lost: number;
}

/** So many calls are written before it is time: enough that what is added up of them is written for many at once. */
const mostRows = 2000;

/**
 * Books every call that is over. A call is never held up by it: its row waits in memory with what it took of limits,
 * until all that came is written in one transaction. While the store is gone it is kept on disk, and delivered when the
 * store is back, also by the next process.
 */
export class Ledger {
  /** Unique over all machines and starts. */
  readonly instance = `${Date.now().toString(36)}${randomBytes(5).toString('hex')}`;
  readonly #queue: LedgerQueue;
  readonly #open = new OpenBatch();
  readonly #timer: NodeJS.Timeout;
  readonly #options: LedgerOptions;
  #rows = 0;
  #batches = 0;
  #isStarted = false;
  #isClosed = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#queue = new LedgerQueue(options);
    this.#timer = setInterval(() => this.#flush(), options.flushIntervalMs).unref();
  }

  /**
   * Delivers what earlier processes have left, and then loads what is used of limits, so that all of it counts. Returns
   * after a while also where the store does not answer.
   */
  async start(withinMs = 5000): Promise<void> {
    this.#isStarted = true;
    await this.#queue.start(withinMs);
  }

  get isStoreThere(): boolean {
    return this.#options.health().ok;
  }

  get state(): LedgerState {
    const state = this.#queue.state;
    return { ...state, waiting: state.waiting + this.#open.rows };
  }

  /** A call is over. What it took of limits is told by `settled` in the same turn of the event loop. */
  add(record: UsageRecord, caller: Caller): void {
    if (this.#isClosed) {
      this.#queue.lose(1, 'it came after the end');
      return;
    }
    this.#open.add(toEntry(`${this.instance}.${++this.#rows}`, record, caller, Date.now()));
    // Not before this turn of the loop ends, so that a call's row and its counters come into one batch.
    if (this.#open.rows === mostRows) setImmediate(() => this.#flush());
  }

  /** What a call took of limits that are kept over restarts. */
  settled(changes: readonly CounterChange[]): void {
    this.#open.count(changes);
  }

  /** Limits were bound; what was used of them before is loaded as soon as the store is there. */
  loadLimits(of: CounterSource): void {
    this.#queue.loadLimits(of);
    setImmediate(() => {
      if (this.#isStarted) this.#queue.deliver();
    });
  }

  /** Writes all that came; what cannot be written in time is put on disk. Once more does nothing. */
  async close(withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#seal();
    await this.#queue.close(withinMs);
  }

  #flush(): void {
    if (!this.#isStarted) return; // what was left goes first
    this.#queue.keepWaiting(this.#options.flushIntervalMs);
    this.#seal();
    this.#queue.deliver();
  }

  #seal(): void {
    const batch = this.#open.seal(() => `${this.instance}-${++this.#batches}`, Date.now());
    if (batch !== undefined) this.#queue.push(batch);
  }
}
