/** Calls whose share can be saved up. */
const horizon = 1000;

/**
 * How many extra calls a route may make: never more than its share of all calls, and one to start with. What was not
 * taken is saved up to the share of 1,000 calls, so that however quiet it was before, of any so many calls at most the
 * share of 1,000 more have an extra one.
 */
export class HedgeAllowance {
  readonly #maxExtra: number;
  /** Calls, without those whose share was not saved up. */
  #calls = 0;
  #taken = 0;

  /** @param maxExtra extra calls per call; 0: never any */
  constructor(maxExtra: number) {
    this.#maxExtra = maxExtra;
  }

  /** A call begins. */
  called(): void {
    if ((this.#calls + 1 - horizon) * this.#maxExtra <= this.#taken) this.#calls++;
  }

  /** Takes one extra call; false: there is none left. */
  take(): boolean {
    if (this.#maxExtra <= 0 || this.#taken > this.#calls * this.#maxExtra) return false;
    this.#taken++;
    return true;
  }
}
