import { CounterSums } from './counter-sums.ts';
import { halve } from './open-batch.ts';
import type { SpooledBatch } from './spool.ts';
import type { UsageBatch } from './usage-entry.ts';

/** A batch that is not written yet: in memory, in the spool, or while it moves in both. */
export class HeldBatch {
  /** Undefined: it lies in the spool alone. */
  batch: UsageBatch | undefined;
  /** Undefined: it is in memory alone. */
  file: SpooledBatch | undefined;
  rows: number;
  /** Milliseconds of `performance.now()`. */
  readonly since = performance.now();
  isSpooling = false;
  /** Whether it was tried to be written, so that it may be stored. */
  isSent = false;
  /** Nothing more is to be done with it. */
  isOver = false;
  /** What is still to be written of a batch that the store refused as a whole. */
  #parts: UsageBatch[] | undefined;

  constructor(of: { readonly batch: UsageBatch } | { readonly file: SpooledBatch }) {
    this.batch = 'batch' in of ? of.batch : undefined;
    this.file = 'file' in of ? of.file : undefined;
    this.rows = 'batch' in of ? of.batch.entries.length : of.file.rows;
  }

  get isSplit(): boolean {
    return this.#parts !== undefined;
  }

  /** What is still to be written of it, each part by itself where it was split. */
  get rest(): readonly HeldBatch[] {
    return this.#parts?.map((batch) => new HeldBatch({ batch })) ?? [this];
  }

  /** Its calls are lost; what they took of limits is kept, since budgets are to hold all the same. */
  strip(): void {
    if (this.batch !== undefined) this.batch = { ...this.batch, entries: [] };
    this.rows = 0;
  }

  /** Takes the counters of another one that was stripped, as this one was. */
  absorb({ batch }: HeldBatch): void {
    if (this.batch === undefined || batch === undefined) return;
    this.batch = { ...this.batch, counters: new CounterSums([...this.batch.counters, ...batch.counters]).changes() };
  }

  /**
   * Writes a batch of it; one that is refused is halved until it is found what is refused in it.
   * @param isRefused whether a failure means that it will never be taken; any other one is thrown on
   * @returns how many calls and counters were refused
   */
  async deliver(
    whole: UsageBatch,
    write: (batch: UsageBatch) => Promise<void>,
    isRefused: (error: unknown) => boolean,
  ): Promise<{ readonly rows: number; readonly counters: number; readonly error: unknown }> {
    this.isSent = true;
    const refused = { rows: 0, counters: 0, error: undefined as unknown };
    const parts = this.#parts ?? [whole];
    for (let part = parts[0]; part !== undefined; part = parts[0]) {
      try {
        await write(part);
        parts.shift();
      } catch (error) {
        if (!isRefused(error)) throw error;
        const halves = halve(part);
        parts.splice(0, 1, ...(halves ?? []));
        this.#parts = parts; // the whole is never sent again
        if (halves !== undefined) continue;
        refused.rows += part.entries.length;
        refused.counters += part.counters.length;
        refused.error = error;
      }
    }
    return refused;
  }
}
