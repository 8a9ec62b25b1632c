import type { ConcurrencyConfig } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import { FairQueue, type Waiter } from './fair-queue.ts';
import type { AdjustableSlots, ReleaseSlot, SlotRequest } from './slots.ts';

/** How many of the last calls the mean of the holding times tells of, about. */
const remembered = 20;
const shortestRetryMs = 1000;
/** Longer timers would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export interface FairSlotsOptions {
  /** A clock that never goes back, in milliseconds; that of `SlotRequest.deadlineAt`. */
  readonly now?: () => number;
  /** Told when a place or the queue changed. */
  readonly changed?: () => void;
}

interface WaitingCall extends Waiter {
  readonly give: (release: ReleaseSlot) => void;
  /** It had to make room for another. */
  readonly refuse: () => void;
}

/** Places within one process, with one queue that serves its callers by turns. */
export class FairSlots implements AdjustableSlots {
  readonly #name: string;
  #config: ConcurrencyConfig | undefined;
  readonly #now: () => number;
  readonly #changed: (() => void) | undefined;
  readonly #queue = new FairQueue<WaitingCall>();
  #running = 0;
  #ended = 0;
  #meanHoldingMs = 0;

  /** @param name the backend's, for messages */
  constructor(name: string, config: ConcurrencyConfig | undefined, options: FairSlotsOptions = {}) {
    this.#name = name;
    this.#config = config;
    this.#now = options.now ?? (() => performance.now());
    this.#changed = options.changed;
  }

  get isFull(): boolean {
    return this.#config !== undefined && this.#running >= this.#config.maxConcurrent;
  }

  get expectedWaitMs(): number {
    return this.isFull ? this.#timeFor(this.#queue.size + 1) : 0;
  }

  take(request: SlotRequest): ReleaseSlot | Promise<ReleaseSlot> {
    if (request.signal.aborted) throw clientLeft();
    const config = this.#config;
    if (config === undefined || this.#running < config.maxConcurrent) return this.#occupy();
    const before = this.#queue.before(request);
    const longestMs = this.#longestWait(request, config);
    const expectedMs = this.#timeFor(before);
    if (longestMs <= 0) throw this.#overloaded(before, 'there is no time to wait');
    if (expectedMs > longestMs) {
      const times = `about ${inSeconds(expectedMs)} instead of at most ${inSeconds(longestMs)}`;
      throw this.#overloaded(before, `the wait would be too long: ${times}`);
    }
    if (this.#queue.size >= config.queueSize) {
      const displaced = this.#queue.makeRoom(request);
      if (displaced === undefined) throw this.#overloaded(before, 'the queue is full');
      displaced.refuse();
    }
    return this.#wait(request, longestMs);
  }

  reconfigure(config: ConcurrencyConfig | undefined): void {
    this.#config = config;
    this.#advance();
  }

  #longestWait({ deadlineAt }: SlotRequest, { queueTimeoutMs }: ConcurrencyConfig): number {
    return deadlineAt === undefined ? queueTimeoutMs : Math.min(queueTimeoutMs, deadlineAt - this.#now());
  }

  #wait({ caller, nice, signal }: SlotRequest, longestMs: number): Promise<ReleaseSlot> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      };
      const waiting: WaitingCall = {
        caller,
        nice,
        give: (release) => {
          end();
          resolve(release);
        },
        refuse: () => giveUp(() => this.#overloaded(before(), 'the queue is full, and others have fewer calls in it')),
      };
      const giveUp = (error: () => GatewayError) => {
        end();
        this.#queue.remove(node);
        reject(error());
        this.#changed?.();
      };
      const leave = () => giveUp(clientLeft);
      const before = () => this.#queue.before(waiting);
      const late = () => giveUp(() => this.#overloaded(before(), `none became free in ${inSeconds(longestMs)}`));
      const timer = setTimeout(late, Math.min(longestMs, longestTimerMs));
      signal.addEventListener('abort', leave);
      const node = this.#queue.add(waiting);
      this.#changed?.();
    });
  }

  #occupy(): ReleaseSlot {
    this.#running++;
    this.#changed?.();
    const since = this.#now();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#running--;
      this.#remember(this.#now() - since);
      this.#advance();
    };
  }

  /** Gives out what is free. */
  #advance(): void {
    while (this.#config === undefined || this.#running < this.#config.maxConcurrent) {
      const next = this.#queue.next();
      if (next === undefined) break;
      next.give(this.#occupy());
    }
    this.#changed?.();
  }

  #remember(heldMs: number): void {
    this.#ended = Math.min(this.#ended + 1, remembered);
    this.#meanHoldingMs += (heldMs - this.#meanHoldingMs) / this.#ended;
  }

  /** How long it takes until so many places came free. */
  #timeFor(calls: number): number {
    return (this.#meanHoldingMs * calls) / Math.max(1, this.#config?.maxConcurrent ?? 1);
  }

  #overloaded(before: number, why: string): GatewayError {
    const { maxConcurrent = 0, queueSize = 0 } = this.#config ?? {};
    const retryAfterMs = Math.max(shortestRetryMs, Math.ceil(this.#timeFor(before + 1)));
    const limits = `max_concurrent ${maxConcurrent}, ${this.#queue.size} waiting of queue.size ${queueSize}`;
    const message = `all places of backend ${this.#name} are taken and ${why} (${limits}); try again in ${inSeconds(retryAfterMs)}`;
    return new GatewayError('overloaded', message, { retryAfterMs });
  }
}

function clientLeft(): GatewayError {
  return new GatewayError('client_closed_request', 'the client went away');
}

function inSeconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 100) / 10} s`;
}
