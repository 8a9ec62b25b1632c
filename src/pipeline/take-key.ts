import { type BackendReply, UpstreamFailure } from '../backends/backend.ts';
import type { KeyChoice, KeyPool } from '../balancing/key-pool.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Limiter, Reservation } from '../limits/limiter.ts';
import type { Candidate } from '../types/route.ts';
import { pause } from './pause.ts';

/** So little is waited for a key without a word. */
const shortestRestMs = 50;

export interface KeyNeed {
  readonly candidate: Candidate;
  readonly limiter: Limiter;
  readonly affinity: number;
  /** What the call will take at least. */
  readonly tokens: number;
  /** Keys that failed for this call already. */
  readonly spent: ReadonlySet<number> | undefined;
  /** How the last of them failed. */
  readonly failure: UpstreamFailure | undefined;
  readonly signal: AbortSignal;
}

/** A key that a call goes out with; it tells the pool what becomes of that. */
export class TakenKey {
  readonly key: number;
  readonly #pool: KeyPool;
  readonly #model: string;
  readonly #reservation: Reservation | undefined;

  constructor(key: number, { keys, model }: Candidate, reservation: Reservation | undefined, tokens: number) {
    this.key = key;
    this.#pool = keys;
    this.#model = model;
    this.#reservation = reservation;
    keys.sent(key, model, tokens);
  }

  answered({ quota, finished }: BackendReply): void {
    const reservation = this.#reservation;
    this.#pool.accepted(this.key);
    if (quota !== undefined) this.#pool.observed(this.key, this.#model, quota);
    if (reservation !== undefined) finished.then(({ usage }) => reservation.settle(usage?.totalTokens ?? 0));
  }

  /** @param backoffMs how long it rests where the backend did not say */
  failed({ error, fault, hintMs, quota, reached }: UpstreamFailure, backoffMs: number): void {
    if (quota !== undefined) this.#pool.observed(this.key, this.#model, quota);
    // Credit may be there again at any time, so that one who has no other key is not kept from asking.
    const mayAsk = error.status === 402 && this.#pool.keys.length === 1;
    if (fault === 'quota' && !mayAsk) this.#pool.limited(this.key, this.#model, hintMs ?? backoffMs);
    if (fault === 'key') this.#pool.refused(this.key);
    if (reached) this.#reservation?.settle(0);
    else this.#reservation?.release();
  }
}

/**
 * The best key of a candidate that may be used now.
 * @throws UpstreamFailure where there is none
 */
export function takeKey(need: KeyNeed): TakenKey | Promise<TakenKey> {
  const { candidate, affinity, tokens, spent } = need;
  const { keys, model } = candidate;
  const choice = keys.choose(model, affinity, tokens);
  const first = choice.usable?.[0];
  if (first !== undefined && spent === undefined && keys.rates(first) === undefined) {
    return new TakenKey(first, candidate, undefined, tokens);
  }
  return takeRatedKey(need, choice);
}

async function takeRatedKey(need: KeyNeed, chosen: KeyChoice): Promise<TakenKey> {
  const { candidate, affinity, tokens, spent, signal } = need;
  const { keys, model } = candidate;
  let choice = chosen;
  if (choice.usable === undefined && choice.waitMs <= shortestRestMs) {
    await pause(choice.waitMs, signal);
    choice = keys.choose(model, affinity, tokens);
  }
  if (choice.usable === undefined) throw need.failure ?? restingKeys(candidate, choice.waitMs);
  let refusedMs = Number.POSITIVE_INFINITY;
  for (const key of choice.usable) {
    if (spent?.has(key)) continue;
    const rates = keys.rates(key);
    if (rates === undefined) return new TakenKey(key, candidate, undefined, tokens);
    const deciding = need.limiter.reserve(keys.subject(key), rates, tokens);
    const decision = deciding instanceof Promise ? await deciding : deciding;
    if (decision.admitted) return new TakenKey(key, candidate, decision.reservation, tokens);
    refusedMs = Math.min(refusedMs, decision.retryAfterMs);
  }
  throw need.failure ?? restingKeys(candidate, refusedMs);
}

/** The failure of a backend of which no key may be used now. */
function restingKeys({ backend }: Candidate, waitMs: number): UpstreamFailure {
  const { name, keys } = backend.config;
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const what = keys.length === 1 ? 'its key rests' : `all of its ${keys.length} keys rest`;
  const message = `backend ${name} is over its rate limit; ${what} for ${seconds} s more`;
  const error = new GatewayError('rate_limit_exceeded', message, { source: 'backend', retryAfterMs: waitMs });
  return new UpstreamFailure(error, { retry: 'backoff', hintMs: waitMs, reached: false, fault: 'quota' });
}
