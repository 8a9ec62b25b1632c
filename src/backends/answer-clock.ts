/** How long, in milliseconds after its first byte, a stream without any output is held back. */
const maximumHoldMs = 5000;

/** The bounds that a request sets, in milliseconds; undefined: none. */
export interface AnswerBounds {
  readonly firstOutputMs: number | undefined;
  readonly totalMs: number | undefined;
}

/** The clocks of one answer; they run from its creation on. */
export class AnswerClock {
  readonly #output: NodeJS.Timeout | undefined;
  readonly #total: NodeJS.Timeout | undefined;
  #hold: NodeJS.Timeout | undefined;

  /** @param late called once for each bound that is over, with what did not come in how long */
  constructor({ firstOutputMs, totalMs }: AnswerBounds, late: (why: string) => void) {
    if (firstOutputMs !== undefined) {
      this.#output = setTimeout(late, firstOutputMs, `no output in ${firstOutputMs / 1000} s`);
    }
    if (totalMs !== undefined) this.#total = setTimeout(late, totalMs, `no whole answer in ${totalMs / 1000} s`);
  }

  /** The first bytes are there. Where the request itself says when output must be, that is how long it is held. */
  hold(open: () => void): void {
    if (this.#output === undefined) this.#hold ??= setTimeout(open, maximumHoldMs);
  }

  /** The answer is handed on: from now on only the total counts. */
  handedOn(): void {
    clearTimeout(this.#output);
    clearTimeout(this.#hold);
  }

  stop(): void {
    this.handedOn();
    clearTimeout(this.#total);
  }
}
