const halfLifeMs = 10_000;
const kept = 128;
/** Fewer say nothing of the slowest of twenty. */
const fewest = 20;

/** The largest ones of a record, while its p95 is looked for. */
const largest = new Float64Array(kept - Math.ceil(kept * 0.95) + 1);

/** Times to the first output, of the last calls. */
export class LatencyRecord {
  readonly #now: () => number;
  /** Made with the first time, since most models that clients make up never answer. */
  #ring: Float64Array | undefined;
  #count = 0;
  /** Of all times, each with its weight. */
  #sum = 0;
  #weight = 0;
  /** When the weights were right. */
  #weighedAt = 0;
  #p95: number | undefined;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(milliseconds: number): void {
    const now = this.#now();
    const decay = 0.5 ** ((now - this.#weighedAt) / halfLifeMs);
    this.#sum = this.#sum * decay + milliseconds;
    this.#weight = this.#weight * decay + 1;
    this.#weighedAt = now;
    this.#ring ??= new Float64Array(kept);
    this.#ring[this.#count % kept] = milliseconds;
    this.#count++;
    this.#p95 = undefined;
  }

  /** Their mean, with the weight of each halved by every 10 seconds of age; undefined: there is none yet. */
  get mean(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#weight;
  }

  /** What 95 of 100 of the last 128 took at most; undefined: there are fewer than 20. */
  get p95(): number | undefined {
    if (this.#count < fewest || this.#ring === undefined) return undefined;
    this.#p95 ??= nearestRank(this.#ring, Math.min(this.#count, kept));
    return this.#p95;
  }
}

/** The 95th percentile by nearest rank; it is among the few largest, so that nothing needs to be sorted. */
function nearestRank(ring: Float64Array, count: number): number {
  const wanted = count - Math.ceil(count * 0.95) + 1;
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = ring[i] as number;
    if (found === wanted && value <= (largest[found - 1] as number)) continue;
    let place = found === wanted ? found - 1 : found++;
    while (place > 0 && (largest[place - 1] as number) < value) {
      largest[place] = largest[place - 1] as number;
      place--;
    }
    largest[place] = value;
  }
  return largest[wanted - 1] as number;
}
