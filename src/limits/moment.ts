/** One reading of both clocks, so that all limits of a step see the same time. */
export interface Moment {
  /** Milliseconds of a clock that never goes back, such as `performance.now()`: for windows. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970, as the machine says; it may step either way: for calendar periods. */
  readonly wallMs: number;
}

/** Both clocks of this process. It is read anew by `read`, in place, so that a step makes no object. */
export class Clock implements Moment {
  monotonicMs = 0;
  wallMs = 0;
  readonly #monotonic: () => number;
  readonly #wall: () => number;

  constructor(monotonic: () => number = () => performance.now(), wall: () => number = Date.now) {
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  /** @returns itself; it holds until the next reading */
  read(): Moment {
    this.monotonicMs = this.#monotonic();
    this.wallMs = this.#wall();
    return this;
  }
}
