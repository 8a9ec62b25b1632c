import { RecentMap } from '../recent-map.ts';
import type { Quota } from '../types/quota.ts';

const refusedMs = 60_000;
/** No backend is believed that wants more. */
const longestMs = 24 * 60 * 60 * 1000;
const modelLimit = 1000;

/** What is known of one key. It is kept when a configuration is exchanged for one that has the same key. */
export class KeyState {
  readonly #models = new RecentMap<string, ModelState>(modelLimit);
  #refusedUntil = 0;

  /** Until when calls for a model are held back, in milliseconds of the pool's clock; 0: they are not. */
  busyUntil(model: string, tokens: number, now: number): number {
    if (this.#models.size === 0) return 0;
    const until = this.#models.peek(model)?.busyUntil(tokens) ?? 0;
    return until > now ? until : 0;
  }

  /** Whether anything is known of its limits. */
  get isKnown(): boolean {
    return this.#models.size > 0;
  }

  isRefused(now: number): boolean {
    return this.#refusedUntil > now;
  }

  sent(model: string, tokens: number): void {
    if (this.#models.size > 0) this.#models.peek(model)?.sent(tokens);
  }

  observed(model: string, quota: Quota, now: number): void {
    const { remainingRequests, remainingTokens } = quota;
    if (remainingRequests === undefined && remainingTokens === undefined) return;
    this.#model(model).observed(quota, now);
  }

  limited(model: string, waitMs: number, now: number): void {
    this.#model(model).limited(after(now, waitMs));
  }

  refused(now: number): void {
    this.#refusedUntil = now + refusedMs;
  }

  accepted(): void {
    this.#refusedUntil = 0;
  }

  #model(model: string): ModelState {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const state = new ModelState();
    this.#models.set(model, state);
    return state;
  }
}

/** What is known of one key and one model: when a 429 ends, and what the backend says is left. */
class ModelState {
  #limitedUntil = 0;
  #requests = Number.POSITIVE_INFINITY;
  #requestsResetAt = 0;
  #tokens = Number.POSITIVE_INFINITY;
  #tokensResetAt = 0;

  /** The moment from which on a call with so many tokens may go; it may lie in the past. */
  busyUntil(tokens: number): number {
    let until = this.#limitedUntil;
    if (this.#requests < 1 && this.#requestsResetAt > until) until = this.#requestsResetAt;
    if ((this.#tokens < tokens || this.#tokens < 1) && this.#tokensResetAt > until) until = this.#tokensResetAt;
    return until;
  }

  limited(until: number): void {
    this.#limitedUntil = Math.max(this.#limitedUntil, until);
  }

  sent(tokens: number): void {
    this.#requests--;
    this.#tokens -= tokens;
  }

  observed({ remainingRequests, requestsResetMs, remainingTokens, tokensResetMs }: Quota, now: number): void {
    if (remainingRequests !== undefined) {
      this.#requests = remainingRequests;
      if (requestsResetMs !== undefined) this.#requestsResetAt = after(now, requestsResetMs);
    }
    if (remainingTokens !== undefined) {
      this.#tokens = remainingTokens;
      if (tokensResetMs !== undefined) this.#tokensResetAt = after(now, tokensResetMs);
    }
  }
}

function after(now: number, waitMs: number): number {
  return now + Math.min(longestMs, Math.max(0, waitMs || 0));
}
