import type { ConcurrencyConfig } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { AdjustableSlots, ReleaseSlot, SlotRequest, SlotsSource } from './slots.ts';
import type { SlotsRequest, SlotsResponse, SlotsState } from './slots-messages.ts';

/** The way to the process that holds the places. */
export interface SlotsChannel {
  send(request: SlotsRequest): void;
}

/** Asks another process for each place, so that their number holds over all processes together. */
export class RemoteSlots implements SlotsSource {
  readonly #channel: SlotsChannel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #backends = new Map<string, BackendSlots>();
  #last = 0;

  constructor(channel: SlotsChannel) {
    this.#channel = channel;
  }

  open(name: string, config: ConcurrencyConfig): AdjustableSlots {
    let slots = this.#backends.get(name);
    if (slots === undefined) {
      slots = new BackendSlots((request) => this.#take(name, request), this.#configure(name));
      this.#backends.set(name, slots);
    }
    slots.reconfigure(config);
    return slots;
  }

  /** To be called with every message that comes in. */
  receive(response: SlotsResponse): void {
    if (response.type === 'slots:state') {
      this.#backends.get(response.name)?.know(response.state);
      return;
    }
    const waiting = this.#waiting.get(response.id);
    if (waiting === undefined) return; // it left, and said so
    this.#waiting.delete(response.id);
    this.#backends.get(waiting.name)?.know(response.state);
    if (response.type === 'slots:given') waiting.given();
    else waiting.refused(response.message, response.retryAfterMs);
  }

  #configure(name: string) {
    return (config: ConcurrencyConfig | undefined) => this.#channel.send({ type: 'slots:configure', name, config });
  }

  async #take(name: string, { caller, nice, deadlineAt, signal }: SlotRequest): Promise<ReleaseSlot> {
    if (signal.aborted) throw clientLeft();
    const id = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<ReleaseSlot>();
    const leave = () => {
      this.#waiting.delete(id);
      this.#channel.send({ type: 'slots:end', id });
      reject(clientLeft());
    };
    signal.addEventListener('abort', leave);
    this.#waiting.set(id, {
      name,
      given: () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#release(id));
      },
      refused: (message, retryAfterMs) => {
        signal.removeEventListener('abort', leave);
        reject(new GatewayError('overloaded', message, { retryAfterMs }));
      },
    });
    const leftMs = deadlineAt === undefined ? undefined : deadlineAt - performance.now();
    this.#channel.send({ type: 'slots:take', id, name, caller, nice, leftMs });
    return promise;
  }

  #release(id: number): ReleaseSlot {
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#channel.send({ type: 'slots:end', id });
    };
  }
}

interface Waiting {
  /** The backend's. */
  readonly name: string;
  readonly given: () => void;
  readonly refused: (message: string, retryAfterMs: number) => void;
}

/** The places of one backend, as far as this process knows of them. */
class BackendSlots implements AdjustableSlots {
  readonly take: (request: SlotRequest) => Promise<ReleaseSlot>;
  readonly #configure: (config: ConcurrencyConfig | undefined) => void;
  #state: SlotsState = { isFull: false, expectedWaitMs: 0 };

  constructor(
    take: (request: SlotRequest) => Promise<ReleaseSlot>,
    configure: (config: ConcurrencyConfig | undefined) => void,
  ) {
    this.take = take;
    this.#configure = configure;
  }

  get isFull(): boolean {
    return this.#state.isFull;
  }

  get expectedWaitMs(): number {
    return this.#state.expectedWaitMs;
  }

  reconfigure(config: ConcurrencyConfig | undefined): void {
    this.#configure(config);
  }

  know(state: SlotsState): void {
    this.#state = state;
  }
}

function clientLeft(): GatewayError {
  return new GatewayError('client_closed_request', 'the client went away');
}
