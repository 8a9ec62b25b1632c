import type { UpstreamFailure } from '../backends/backend.ts';

/** The longest that is waited before a retry; a backend that asks for more gets its answer passed on at once. */
export const longestWaitMs = 30_000;
const shortestLoadingWaitMs = 500;
const longestLoadingWaitMs = 2000;

interface RetrySettings {
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly loadingWaitMs: number;
}

/** How long to wait before each further try of one backend, and when to give it up. */
export class RetryWait {
  readonly #settings: RetrySettings;
  #retries = 0;
  #loadingSince: number | undefined;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
  }

  /** Milliseconds, or undefined: not again. */
  next(failure: UpstreamFailure): number | undefined {
    if (failure.retry === 'never' || failure.retry === 'elsewhere') return undefined;
    if (failure.retry === 'loading') return this.#nextWhileLoading(failure.hintMs);
    if (this.#retries >= this.#settings.maxRetries) return undefined;
    if ((failure.hintMs ?? 0) > longestWaitMs) return undefined;
    const waitMs = Math.max(this.backoffMs(), failure.hintMs ?? 0);
    this.#retries++;
    return waitMs;
  }

  /** The wait of the next retry, if there were one. */
  backoffMs(): number {
    const factor = 0.75 + Math.random() * 0.5;
    return Math.min(longestWaitMs, this.#settings.retryDelayMs * 2 ** this.#retries * factor);
  }

  #nextWhileLoading(hintMs: number | undefined): number | undefined {
    const now = performance.now();
    this.#loadingSince ??= now;
    const left = this.#loadingSince + this.#settings.loadingWaitMs - now;
    if (left <= 0) return undefined;
    const wanted = Math.min(longestLoadingWaitMs, Math.max(shortestLoadingWaitMs, hintMs ?? shortestLoadingWaitMs));
    return Math.min(left, hintMs !== undefined && hintMs > wanted ? hintMs : wanted);
  }
}
