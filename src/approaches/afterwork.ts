/** Something that is done behind an answer. */
export type Work = () => Promise<void>;

export interface AfterworkOptions {
  /** Told of what failed, but not of what was stopped. */
  readonly failed: (error: unknown) => void;
  /** Requests whose work runs at a time; that of further ones is left undone. */
  readonly most?: number;
  /** Milliseconds that the work of one request may take. */
  readonly limitMs?: number;
}

/** Does what is left to do when clients have their answers; it never holds up the end of the gateway. */
export class Afterwork {
  readonly #options: Required<AfterworkOptions>;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  constructor(options: AfterworkOptions) {
    this.#options = { most: 16, limitMs: 60_000, ...options };
  }

  /**
   * Does the work of one request, all of it at once.
   * @param stop ends the calls that it makes
   * @returns when it is done, or was stopped; never rejected
   */
  async run(works: readonly Work[], stop: () => void): Promise<void> {
    const { failed, most, limitMs } = this.#options;
    // The answer's last bytes are written by then.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isClosed || this.#stops.size >= most) return;
    let isStopped = false;
    let end: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      end = () => {
        isStopped = true;
        stop();
        resolve();
      };
    });
    this.#stops.add(end);
    const timer = setTimeout(end, limitMs);
    const all = works.map((work) =>
      work().catch((error: unknown) => {
        if (!isStopped) failed(error);
      }),
    );
    await Promise.race([Promise.all(all), stopped]);
    clearTimeout(timer);
    this.#stops.delete(end);
  }

  /** Stops what runs; nothing more begins. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#stops]) end();
  }
}
