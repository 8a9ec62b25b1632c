/** Something that asks for a reload. */
export interface ReloadRequest {
  /** Who or what asks, for the log. */
  readonly why: string;
  /** When it was asked for in any case, in the count of deletions; undefined: only in case something has changed. */
  readonly moment: number | undefined;
  /** When it was asked for last, in either way. */
  readonly momentIfChanged: number;
}

/** Does one reload at a time. Those that are asked for while one runs share the one after it. */
export class ReloadQueue<Result> {
  readonly #work: (request: ReloadRequest) => Promise<Result>;
  #running: Promise<Result> | undefined;
  #waiting: { request: ReloadRequest; readonly done: Promise<Result> } | undefined;

  /** @param work never rejects */
  constructor(work: (request: ReloadRequest) => Promise<Result>) {
    this.#work = work;
  }

  ask(request: ReloadRequest): Promise<Result> {
    if (this.#waiting !== undefined) {
      this.#waiting.request = join(this.#waiting.request, request);
      return this.#waiting.done;
    }
    if (this.#running === undefined) return this.#start(request);
    const done = this.#running.then(() => this.#startWaiting());
    this.#waiting = { request, done };
    return done;
  }

  /** Resolves when nothing runs that was asked for before. */
  async settled(): Promise<void> {
    await (this.#waiting?.done ?? this.#running);
  }

  get isBusy(): boolean {
    return this.#running !== undefined || this.#waiting !== undefined;
  }

  #startWaiting(): Promise<Result> {
    const { request } = this.#waiting as { request: ReloadRequest };
    this.#waiting = undefined;
    return this.#start(request);
  }

  #start(request: ReloadRequest): Promise<Result> {
    const running = this.#work(request).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

function join(one: ReloadRequest, later: ReloadRequest): ReloadRequest {
  return {
    why: one.moment === undefined && later.moment !== undefined ? later.why : one.why,
    moment: later.moment ?? one.moment,
    momentIfChanged: later.momentIfChanged,
  };
}
