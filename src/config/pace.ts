/** Bounds of a slice, in milliseconds. A request waits for one when it comes, and for one more when its backend answers. */
const slice = { shortest: 0.7, longest: 2 };
/** Where the rest of the process has much to do, a slice is this part of what that took: else the work would never end. */
const share = 0.4;

/** Cuts long work into slices, between which the process does what else there is to do. */
export class Pace {
  /** Never waits. */
  static readonly none = new Pace(Number.POSITIVE_INFINITY);
  #sliceMs: number;
  #begun = performance.now();
  /** Those that wait go on one after another, so that they do not make up one long slice together. */
  #queue: Promise<void> = Promise.resolve();

  /** @param firstSlice in milliseconds */
  constructor(firstSlice: number = slice.shortest) {
    this.#sliceMs = firstSlice;
  }

  /** To be awaited before each step: goes on at once while the slice lasts, else when events have had their turn. */
  async turn(): Promise<void> {
    if (this.#lasts()) return;
    const earlier = this.#queue;
    this.#queue = (async () => {
      await earlier;
      if (!this.#lasts()) await this.#giveWay();
    })();
    await this.#queue;
  }

  async #giveWay(): Promise<void> {
    const ended = performance.now();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#begun = performance.now();
    this.#sliceMs = Math.min(slice.longest, Math.max(slice.shortest, (this.#begun - ended) * share));
  }

  #lasts(): boolean {
    return performance.now() - this.#begun < this.#sliceMs;
  }
}

/** Works on all items, at most so many at a time; keeps their order. */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const entries = items.entries();
  const lane = async () => {
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
