const rememberedMs = 24 * 60 * 60 * 1000;
const most = 1000;

/** Which models do not give several choices at once, so that they are not asked for them again. Kept until a reload. */
export class SampleMemory {
  /** By `backend:model`. */
  readonly #until = new Map<string, number>();
  /** Who answered last, by the name that was asked for. */
  readonly #last = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * `backend:model` of who is going to answer, as far as one can tell beforehand: who did so last.
   * @param asked a public name
   * @param targets all who may answer, the first one first
   */
  expected(asked: string, targets: readonly string[]): string {
    const last = this.#last.get(asked);
    return last !== undefined && targets.includes(last) ? last : (targets[0] ?? asked);
  }

  /** @param target `backend:model` */
  isSingle(target: string): boolean {
    return (this.#until.get(target) ?? 0) > this.#now();
  }

  /** It gave fewer choices than were asked for, or refused to give several. */
  remember(target: string): void {
    put(this.#until, target, this.#now() + rememberedMs);
  }

  answered(asked: string, target: string): void {
    put(this.#last, asked, target);
  }
}

/** As the newest one; the oldest go where there are too many. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
