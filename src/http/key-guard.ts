import { GatewayError } from '../gateway-error.ts';
import { RecentMap } from '../recent-map.ts';

/** So many wrong keys of one address within the window are answered at once; further ones are held off. */
const allowedFailures = 10;
const windowMs = 60_000;
/** More addresses than this are not remembered; the longest silent one is forgotten first. */
const maximumAddresses = 10_000;

interface Failures {
  count: number;
  /** When the window began, by the guard's clock. */
  since: number;
}

/** Slows down who tries keys: a right key always passes, wrong ones only so often a minute from one address. */
export class KeyGuard {
  readonly #failures = new RecentMap<string, Failures>(maximumAddresses);
  readonly #now: () => number;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Finds out who calls.
   * @throws GatewayError what `identify` throws, or `rate_limit_exceeded` where this address has failed too often
   */
  check<T>(address: string, identify: () => T): T {
    try {
      return identify();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'invalid_api_key') throw error;
      const waitMs = this.#fail(address);
      if (waitMs === undefined) throw error;
      throw new GatewayError('rate_limit_exceeded', 'too many wrong keys from this address; try again later', {
        source: 'client',
        retryAfterMs: waitMs,
      });
    }
  }

  /** Counts a failure; milliseconds to wait where there were too many. */
  #fail(address: string): number | undefined {
    const now = this.#now();
    let failures = this.#failures.peek(address);
    if (failures === undefined || now - failures.since >= windowMs) failures = { count: 0, since: now };
    failures.count++;
    this.#failures.set(address, failures);
    return failures.count > allowedFailures ? failures.since + windowMs - now : undefined;
  }
}
