import { getEventListeners } from 'node:events';
import type { ReleaseSlot, Slots } from '../../src/balancing/slots.ts';
import { GatewayError } from '../../src/gateway-error.ts';

/** A call that asks for a place, and what became of that. */
export class Asking {
  readonly caller: string;
  readonly #leaving = new AbortController();
  /** `waiting`, `running`, or the code of the error. */
  state = 'waiting';
  error: GatewayError | undefined;
  #release: ReleaseSlot | undefined;

  constructor(slots: Slots, caller = 'a', options: { nice?: boolean; withinMs?: number | undefined } = {}) {
    this.caller = caller;
    const { nice = false, withinMs } = options;
    const deadlineAt = withinMs === undefined ? undefined : performance.now() + withinMs;
    try {
      const taken = slots.take({ caller, nice, deadlineAt, signal: this.#leaving.signal });
      if (!(taken instanceof Promise)) this.#run(taken);
      else
        taken.then(
          (release) => this.#run(release),
          (error) => this.#fail(error),
        );
    } catch (error) {
      this.#fail(error);
    }
  }

  #run(release: ReleaseSlot): void {
    this.state = 'running';
    this.#release = release;
  }

  #fail(error: unknown): void {
    if (!(error instanceof GatewayError)) throw error;
    this.error = error;
    this.state = error.code;
  }

  /** What is still to be told when the client leaves. */
  get listeners(): number {
    return getEventListeners(this.#leaving.signal, 'abort').length;
  }

  leave(): void {
    this.#leaving.abort();
  }

  end(): void {
    this.#release?.();
    if (this.state === 'running') this.state = 'ended';
  }
}
