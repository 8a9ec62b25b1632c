import type { BreakerConfig } from '../config/backend-config.ts';

/** Outcomes that the share of failures is taken of. */
const remembered = 20;
const fewest = 10;
const mask = 2 ** remembered - 1;

/**
 * Keeps calls away from what fails (M. Nygard, "Release It!", circuit breaker): closed, it lets all calls pass; after
 * `failures` failures in a row, or with a failure that makes at least half of the last 20 calls (of 10 at the least)
 * failed ones, it opens for `openMs`; then one call at a time may probe. A probe that succeeds closes it, one that fails
 * opens it for twice as long as before. The times vary by a tenth, so that many gateways do not probe in step.
 *
 * What is told while it is open changes nothing: those calls began before it opened, or went there since there was
 * nowhere else to go. While a probe is under way the first outcome counts as the probe's, whosever it is.
 */
export class Breaker {
  readonly #config: BreakerConfig;
  readonly #now: () => number;
  readonly #random: () => number;
  #isClosed = true;
  #isProbing = false;
  #openUntil = 0;
  /** How long it was open the last time, before the variation. */
  #openMs = 0;
  #failuresInRow = 0;
  /** The last outcomes, the newest in the lowest bit; 1 is a failure. */
  #outcomes = 0;
  #seen = 0;

  /**
   * @param now a clock that never goes back, in milliseconds
   * @param random at least 0 and less than 1
   */
  constructor(config: BreakerConfig, now: () => number, random: () => number = Math.random) {
    this.#config = config;
    this.#now = now;
    this.#random = random;
  }

  /** Whether it is trusted, left alone, or to be probed (also while a probe is under way); looking changes nothing. */
  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#isClosed) return 'closed';
    return this.#isProbing || this.#now() >= this.#openUntil ? 'half-open' : 'open';
  }

  /** Whether a call that came now would be let in; looking changes nothing. */
  get admits(): boolean {
    return this.#isClosed || (!this.#isProbing && this.#now() >= this.#openUntil);
  }

  /** Milliseconds until it may be probed; 0: now. */
  get waitMs(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#openUntil - this.#now());
  }

  /**
   * A call is about to go there. False: it should not (open, or another probe is under way).
   * What is entered ends in exactly one of `succeeded`, `failed` and `left`.
   */
  enter(): boolean {
    if (this.#isClosed) return true;
    if (!this.admits) return false;
    this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    if (this.#isClosed) {
      this.#failuresInRow = 0;
      this.#remember(0);
    } else if (this.#isProbing) {
      this.#close();
    }
  }

  failed(): void {
    if (this.#isClosed) {
      this.#failuresInRow++;
      this.#remember(1);
      if (this.#isTooMuch()) this.#open(this.#config.openMs);
    } else if (this.#isProbing) {
      this.#open(this.#openMs * 2);
    }
  }

  /** It ended without saying anything of the backend: the client left, or the fault was the client's or a key's. */
  left(): void {
    this.#isProbing = false;
  }

  #remember(outcome: 0 | 1): void {
    this.#outcomes = ((this.#outcomes << 1) | outcome) & mask;
    if (this.#seen < remembered) this.#seen++;
  }

  #isTooMuch(): boolean {
    const { failures } = this.#config;
    if (failures === 0) return false;
    if (this.#failuresInRow >= failures) return true;
    return this.#seen >= fewest && countOnes(this.#outcomes) * 2 >= this.#seen;
  }

  #open(milliseconds: number): void {
    const { longestMs } = this.#config;
    this.#isClosed = false;
    this.#isProbing = false;
    this.#openMs = Math.min(milliseconds, longestMs);
    this.#openUntil = this.#now() + Math.min(this.#openMs * (0.9 + this.#random() * 0.2), longestMs);
  }

  #close(): void {
    this.#isClosed = true;
    this.#isProbing = false;
    this.#failuresInRow = 0;
    this.#outcomes = 0;
    this.#seen = 0;
  }
}

function countOnes(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
