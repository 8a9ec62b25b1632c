import type { ConcurrencyConfig } from '../config/backend-config.ts';

/** Who wants a place, and how long it can wait. */
export interface SlotRequest {
  /** The caller; places go round among callers. */
  readonly caller: string;
  /** Lets all others go first. */
  readonly nice: boolean;
  /** Milliseconds of `performance.now()` after which a place is of no use any more; undefined: there is no such time. */
  readonly deadlineAt: number | undefined;
  readonly signal: AbortSignal;
}

/** Gives the place back; what comes after the first time does nothing. */
export type ReleaseSlot = () => void;

/** Places for calls that run at a time at one backend, and a queue before them. */
export interface Slots {
  /** Whether a call would have to wait now. */
  readonly isFull: boolean;
  /** Milliseconds that a call that comes now would wait, as far as the last ones tell. */
  readonly expectedWaitMs: number;
  /**
   * Takes a place, at once where one is free.
   * @throws GatewayError `overloaded` with `retryAfterMs` where the queue is full, the wait would be too long or was;
   *   `client_closed_request` where the client left
   */
  take(request: SlotRequest): ReleaseSlot | Promise<ReleaseSlot>;
}

/** Places whose number may change while calls run. */
export interface AdjustableSlots extends Slots {
  /**
   * What runs and what waits stays; where there are fewer places now, none is given until enough came back.
   * @param config undefined: unlimited, so that nobody waits any longer
   */
  reconfigure(config: ConcurrencyConfig | undefined): void;
}

/** Where places come from: this process, or the one that holds them for several workers. */
export interface SlotsSource {
  /**
   * The places of a backend, to be kept and reconfigured as long as there is a backend of that name.
   * @param name the backend's, for messages too; equal names have the same places in all workers
   */
  open(name: string, config: ConcurrencyConfig): AdjustableSlots;
}
