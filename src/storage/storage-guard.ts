import type { Judgement } from './sql-database.ts';
import type { StorageHealth } from './storage.ts';
import { StorageError } from './storage-error.ts';

/** Milliseconds that a call may take. */
export const deadlines = { short: 2000, long: 15_000 } as const;

/** Gives a call its deadline. */
export type Guarded = <T>(work: () => Promise<T>, kind?: keyof typeof deadlines) => Promise<T>;

export interface StorageGuardPorts {
  /** What became of a call that failed; undefined: it is a mistake of ours. */
  readonly judge: (error: unknown) => Judgement | undefined;
  /** Whether the store can be written to; it resolves when it can. */
  readonly probe: () => Promise<unknown>;
  /** How often a store that is gone is asked whether it is back. Default 500 ms. */
  readonly probeEveryMs?: number;
}

/**
 * Stands before every call of a storage: gives it a deadline, turns what fails into a `StorageError`, and keeps track of
 * whether the store is there. While it is gone calls fail at once, and only a probe asks it.
 */
export class StorageGuard {
  readonly #ports: StorageGuardPorts;
  readonly #listeners = new Set<(health: StorageHealth) => void>();
  #health: StorageHealth;
  readonly #running = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param error why the store is gone from the start; undefined: it is there */
  constructor(ports: StorageGuardPorts, error?: string) {
    this.#ports = ports;
    this.#health = { ok: error === undefined, wasOk: error === undefined, since: Date.now(), error };
    if (error !== undefined) this.#probeSoon();
  }

  get health(): StorageHealth {
    return this.#health;
  }

  onHealth(listener: (health: StorageHealth) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @throws StorageError and nothing else, but for mistakes of ours */
  async run<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StorageError('unavailable', 'the storage is closed');
    const { ok, error } = this.#health;
    if (!ok) throw new StorageError('unavailable', `the storage is gone: ${error}`);
    const running = work();
    this.#running.add(running);
    const over = () => void this.#running.delete(running);
    running.then(over, over);
    try {
      return await inTime(deadlineMs, running);
    } catch (failure) {
      throw this.#explain(failure);
    }
  }

  /** Takes no more calls, and resolves when those that run are over, or their time is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    const over = Promise.allSettled(this.#running);
    await inTime(deadlines.short, over).catch(() => {}); // whoever made the call is told of it
  }

  #explain(failure: unknown): unknown {
    if (failure instanceof StorageError && failure.code !== 'unavailable') return failure;
    const judgement = failure instanceof StorageError ? failure : this.#ports.judge(failure);
    if (judgement === undefined) return failure;
    if (judgement.code === 'unavailable') this.#lost(judgement.message);
    return failure instanceof StorageError
      ? failure
      : new StorageError(judgement.code as 'unavailable' | 'refused', judgement.message, { cause: failure });
  }

  #lost(error: string): void {
    if (!this.#health.ok || this.#isClosed) return;
    this.#change({ ok: false, wasOk: true, since: Date.now(), error });
    this.#probeSoon();
  }

  #probeSoon(): void {
    this.#timer = setTimeout(() => void this.#probe(), this.#ports.probeEveryMs ?? 500);
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#ports.probe();
    } catch (error) {
      if (this.#isClosed) return;
      const message = this.#ports.judge(error)?.message ?? (error as Error).message;
      if (message !== this.#health.error) this.#health = { ...this.#health, error: message };
      this.#probeSoon();
      return;
    }
    if (!this.#isClosed) this.#change({ ok: true, wasOk: true, since: Date.now(), error: undefined });
  }

  #change(health: StorageHealth): void {
    this.#health = health;
    for (const listener of this.#listeners) listener(health);
  }
}

/** What goes on behind a deadline that has passed is for nobody. */
async function inTime<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StorageError('unavailable', `the storage did not answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
