/** Runs one thing again and again, never twice at a time, as soon as somebody wants it. */
export class Turns {
  readonly #run: () => Promise<void>;
  readonly #gap: () => number;
  readonly #shortestGapMs: number;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #ranAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /**
   * @param gap how many milliseconds to wait after a turn
   * @param shortestGapMs between the beginnings of two turns
   */
  constructor(run: () => Promise<void>, gap: () => number, shortestGapMs: number) {
    this.#run = run;
    this.#gap = gap;
    this.#shortestGapMs = shortestGapMs;
    this.within(0);
  }

  /** The next turn comes in so many milliseconds, or earlier where that is planned already. */
  within(delayMs: number): void {
    if (this.#isClosed || this.#running !== undefined) return;
    const now = performance.now();
    const at = Math.max(now + delayMs, this.#ranAt + this.#shortestGapMs);
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, at - now));
    this.#timer.unref();
  }

  /** No further turns; waits for the one that runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #turn(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#ranAt = performance.now();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.within(this.#gap());
    });
  }
}
