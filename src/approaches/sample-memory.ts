const rememberedMs = 24 * 60 * 60 * 1000;
const most = 1000;

/** Which models do not give several choices at once, so that they are not asked for them again. Kept until a reload. */
export class SampleMemory {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @param model as it is asked for */
  isSingle(model: string): boolean {
    return (this.#until.get(model) ?? 0) > this.#now();
  }

  remember(model: string): void {
    this.#until.delete(model);
    this.#until.set(model, this.#now() + rememberedMs);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= most) break;
      this.#until.delete(oldest);
    }
  }
}
