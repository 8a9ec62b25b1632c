import type { UsageRecords } from '../storage/usage-records.ts';
import type { LedgerLog } from './ledger-troubles.ts';

export interface RetentionOptions {
  readonly usage: Pick<UsageRecords, 'prune'>;
  /** How long calls are kept; undefined: for ever. */
  readonly keepMs: number | undefined;
  /** The same for their sums. */
  readonly keepSumsMs: number | undefined;
  readonly log: LedgerLog;
  /** How often old usage is looked for. Default an hour. */
  readonly everyMs?: number;
}

/** Forgets old usage, now and then, in slices that hold up nobody. Ends by `close`. */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    // Not all processes at once, nor at the start.
    this.#timer = this.#plan((options.everyMs ?? 3_600_000) * (0.05 + 0.1 * Math.random()));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #plan(inMs: number): NodeJS.Timeout {
    return setTimeout(() => void this.#prune(), inMs).unref();
  }

  async #prune(): Promise<void> {
    const { usage, keepMs, keepSumsMs, log, everyMs = 3_600_000 } = this.#options;
    const now = Date.now();
    try {
      const rows = await usage.prune(
        keepMs === undefined ? 0 : now - keepMs,
        keepSumsMs === undefined ? 0 : now - keepSumsMs,
      );
      if (rows > 0) log.info({ rows }, 'old usage was forgotten');
    } catch (error) {
      log.warn({ error: String(error) }, 'old usage cannot be forgotten now');
    }
    if (!this.#isClosed) this.#timer = this.#plan(everyMs);
  }
}
