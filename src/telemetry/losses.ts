export interface LossesOptions {
  /** Told when something begins to be lost, and why. */
  readonly failed: (why: string) => void;
  /** Told when all goes well again, and how much was lost. */
  readonly recovered: (lost: number) => void;
}

/** Counts what is lost, and says so once when it begins and once when it is over. */
export class Losses {
  readonly #options: LossesOptions;
  #lost = 0;
  #failing = false;

  constructor(options: LossesOptions) {
    this.#options = options;
  }

  lose(count: number, why: string): void {
    this.#lost += count;
    if (this.#failing) return;
    this.#failing = true;
    this.#options.failed(why);
  }

  recover(): void {
    if (!this.#failing) return;
    const lost = this.#lost;
    this.#failing = false;
    this.#lost = 0;
    this.#options.recovered(lost);
  }
}
