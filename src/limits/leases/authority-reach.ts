/** How the authority is reached. */
export interface AuthorityState {
  readonly ok: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly error: string | undefined;
}

/** It did not answer in time, and may do so yet. */
export class LateAnswerError extends Error {}

const shortestBackoffMs = 100;
const longestBackoffMs = 1000;
const failuresOfLoss = 3;
/** Slow answers are no loss for so long, since both sides may be busy. */
const slowMs = 2000;

/** Whether the authority answers, as told by every message to it. Times are milliseconds of the clock that never goes back. */
export class AuthorityReach {
  /** From when the last message was sent that was answered. */
  answeredFrom = Number.NEGATIVE_INFINITY;
  /** From when on it has been lost; for ever, where it was never reached: nothing is known of it that could be waited for. */
  lostAt = Number.NEGATIVE_INFINITY;
  /** How long to wait before it is tried again, while it is lost. */
  backoffMs = shortestBackoffMs;
  wasReached = false;
  #state: AuthorityState = { ok: true, since: Date.now(), error: undefined };
  #failures = 0;
  readonly #onState: (state: AuthorityState) => void;

  /** @param onState told of every change, and of what was unknown at first */
  constructor(onState: (state: AuthorityState) => void) {
    this.#onState = onState;
  }

  get state(): AuthorityState {
    return this.#state;
  }

  get isLost(): boolean {
    return !this.#state.ok;
  }

  /** @returns whether it was not there before, or nobody knew */
  answered(sentAt: number): boolean {
    this.answeredFrom = sentAt;
    this.backoffMs = shortestBackoffMs;
    this.#failures = 0;
    if (!this.isLost && this.wasReached) return false;
    this.wasReached = true;
    this.#set({ ok: true, since: Date.now(), error: undefined });
    return true;
  }

  failed(at: number, error: Error): void {
    if (this.isLost) {
      this.backoffMs = Math.min(longestBackoffMs, this.backoffMs * 2);
      return;
    }
    this.#failures++;
    if (this.wasReached && this.#failures < failuresOfLoss) return;
    if (this.wasReached && error instanceof LateAnswerError && at - this.answeredFrom < slowMs) return;
    this.lostAt = this.wasReached ? at : Number.NEGATIVE_INFINITY;
    this.#set({ ok: false, since: Date.now(), error: error.message });
  }

  #set(state: AuthorityState): void {
    this.#state = state;
    this.#onState(state);
  }
}
