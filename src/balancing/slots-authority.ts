import { GatewayError } from '../gateway-error.ts';
import { FairSlots } from './fair-slots.ts';
import type { AdjustableSlots, ReleaseSlot } from './slots.ts';
import type { SlotsRequest, SlotsResponse, SlotsState } from './slots-messages.ts';

/** How long changes are gathered before workers are told of them. */
const gatherMs = 20;
/** A wait that changed by less than a quarter, or by so little, is not worth telling. */
const smallWaitMs = 100;

type Take = Extract<SlotsRequest, { type: 'slots:take' }>;

/** The places of all backends, which several worker processes share. */
export class SharedSlots {
  readonly #slots = new Map<string, FairSlots>();
  readonly #authorities = new Set<SlotsAuthority>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** What serves one worker; to be closed when that has ended. */
  serve(reply: (response: SlotsResponse) => void): SlotsAuthority {
    const authority = new SlotsAuthority(this, reply, () => this.#authorities.delete(authority));
    this.#authorities.add(authority);
    return authority;
  }

  /** The places of a backend; unlimited as long as nobody said how many there are. */
  of(name: string): AdjustableSlots {
    let slots = this.#slots.get(name);
    if (slots === undefined) {
      slots = new FairSlots(name, undefined, { changed: () => this.#note(name) });
      this.#slots.set(name, slots);
    }
    return slots;
  }

  #note(name: string): void {
    this.#changed.add(name);
    this.#timer ??= setTimeout(() => this.#tell(), gatherMs).unref();
  }

  #tell(): void {
    this.#timer = undefined;
    for (const name of this.#changed) {
      const state = stateOf(this.of(name));
      for (const authority of this.#authorities) authority.tell(name, state);
    }
    this.#changed.clear();
  }
}

/** Gives places to one worker process, and takes them back when it has ended. */
export class SlotsAuthority {
  readonly #shared: SharedSlots;
  readonly #reply: (response: SlotsResponse) => void;
  readonly #left: () => void;
  /** What ends each request that waits or has a place. */
  readonly #open = new Map<number, () => void>();
  /** What the worker was told last, of each backend that it uses. */
  readonly #told = new Map<string, SlotsState>();
  #isClosed = false;

  constructor(shared: SharedSlots, reply: (response: SlotsResponse) => void, left: () => void) {
    this.#shared = shared;
    this.#reply = reply;
    this.#left = left;
  }

  async handle(request: SlotsRequest): Promise<void> {
    if (this.#isClosed) return; // what a dead process had sent may come after the word of its end
    if (request.type === 'slots:configure') {
      this.#shared.of(request.name).reconfigure(request.config);
      this.tell(request.name, stateOf(this.#shared.of(request.name)), true);
    } else if (request.type === 'slots:take') await this.#take(request);
    else {
      const end = this.#open.get(request.id);
      this.#open.delete(request.id);
      end?.();
    }
  }

  /** Tells the worker how the places stand, if it uses them and knows otherwise. */
  tell(name: string, state: SlotsState, isNew = false): void {
    const told = this.#told.get(name);
    if (told === undefined ? !isNew : isAlike(told, state)) return;
    this.#told.set(name, state);
    this.#reply({ type: 'slots:state', name, state });
  }

  /** The worker has ended: all its places are free. */
  close(): void {
    this.#isClosed = true;
    this.#left();
    for (const end of this.#open.values()) end();
    this.#open.clear();
  }

  async #take({ id, name, caller, nice, leftMs }: Take): Promise<void> {
    const slots = this.#shared.of(name);
    const leaving = new AbortController();
    this.#open.set(id, () => leaving.abort());
    const deadlineAt = leftMs === undefined ? undefined : performance.now() + leftMs;
    let release: ReleaseSlot;
    try {
      const taking = slots.take({ caller, nice, deadlineAt, signal: leaving.signal });
      release = taking instanceof Promise ? await taking : taking;
    } catch (error) {
      if (!this.#open.delete(id)) return; // the worker wants no answer any more
      this.#refuse(id, error, slots, name);
      return;
    }
    if (!this.#open.has(id)) {
      release(); // it left while the place was on its way
      return;
    }
    this.#open.set(id, release);
    this.#reply({ type: 'slots:given', id, state: this.#stateToTell(slots, name) });
  }

  #refuse(id: number, error: unknown, slots: AdjustableSlots, name: string): void {
    if (!(error instanceof GatewayError)) throw error;
    const { message, retryAfterMs = 0 } = error;
    this.#reply({ type: 'slots:refused', id, message, retryAfterMs, state: this.#stateToTell(slots, name) });
  }

  #stateToTell(slots: AdjustableSlots, name: string): SlotsState {
    const state = stateOf(slots);
    this.#told.set(name, state);
    return state;
  }
}

function stateOf({ isFull, expectedWaitMs }: AdjustableSlots): SlotsState {
  return { isFull, expectedWaitMs };
}

function isAlike(one: SlotsState, other: SlotsState): boolean {
  if (one.isFull !== other.isFull) return false;
  const difference = Math.abs(one.expectedWaitMs - other.expectedWaitMs);
  return difference < Math.max(smallWaitMs, one.expectedWaitMs / 4);
}
