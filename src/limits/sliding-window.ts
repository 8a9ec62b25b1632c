/** The span over which rates hold, in milliseconds. */
export const windowMs = 60_000;

const columns = 3; // time, requests, tokens
const initialCapacity = 16;

/**
 * What was admitted within the last 60 seconds, call by call, in a ring that grows: the sums are exact at every moment,
 * and an entry can still be changed while it is in the window.
 */
export class SlidingWindow {
  requests = 0;
  tokens = 0;
  #ring = new Float64Array(initialCapacity * columns);
  #capacity = initialCapacity;
  /** Numbers of the first entry and of the one after the last; they only ever grow. */
  #head = 0;
  #tail = 0;

  /** Adds a call and gives its number. */
  add(now: number, tokens: number): number {
    if (this.#tail - this.#head === this.#capacity) this.#resize(this.#capacity * 2);
    const at = this.#offset(this.#tail);
    this.#ring[at] = now;
    this.#ring[at + 1] = 1;
    this.#ring[at + 2] = tokens;
    this.requests += 1;
    this.tokens += tokens;
    return this.#tail++;
  }

  /** Sets what a call counts for; a call that has left the window counts for nothing any more. */
  change(number: number, requests: number, tokens: number): void {
    if (number < this.#head) return;
    const at = this.#offset(number);
    this.requests += requests - (this.#ring[at + 1] as number);
    this.tokens += tokens - (this.#ring[at + 2] as number);
    this.#ring[at + 1] = requests;
    this.#ring[at + 2] = tokens;
  }

  /** The tokens that a call counts for; undefined: it has left the window. */
  tokensOf(number: number): number | undefined {
    return number < this.#head ? undefined : this.#ring[this.#offset(number) + 2];
  }

  /**
   * Changes the tokens of a call by so many; what a call takes after it has left the window counts from then on.
   * @returns the number under which it is found from now on
   */
  shift(now: number, number: number, by: number): number {
    this.expire(now);
    const present = this.tokensOf(number);
    if (present !== undefined) this.change(number, 1, Math.max(0, present + by));
    else if (by > 0) return this.add(now, by);
    return number;
  }

  /** Lets go of what is older than the window. */
  expire(now: number): void {
    while (this.#head < this.#tail) {
      const at = this.#offset(this.#head);
      if (now - (this.#ring[at] as number) < windowMs) break;
      this.requests -= this.#ring[at + 1] as number;
      this.tokens -= this.#ring[at + 2] as number;
      this.#head++;
    }
    const used = this.#tail - this.#head;
    if (this.#capacity > 1024 && used < this.#capacity / 8) this.#resize(this.#capacity / 2);
  }

  /** Milliseconds until at least so many requests and tokens of those in the window have left it. */
  timeToFree(now: number, requests: number, tokens: number): number {
    let freedRequests = 0;
    let freedTokens = 0;
    for (let number = this.#head; number < this.#tail; number++) {
      const at = this.#offset(number);
      freedRequests += this.#ring[at + 1] as number;
      freedTokens += this.#ring[at + 2] as number;
      if (freedRequests >= requests && freedTokens >= tokens) return windowMs - (now - (this.#ring[at] as number));
    }
    return windowMs;
  }

  /** Milliseconds until the window is empty. */
  timeToEmpty(now: number): number {
    if (this.#head === this.#tail) return 0;
    return Math.max(0, windowMs - (now - (this.#ring[this.#offset(this.#tail - 1)] as number)));
  }

  #offset(number: number): number {
    return (number % this.#capacity) * columns;
  }

  #resize(capacity: number): void {
    const ring = new Float64Array(capacity * columns);
    for (let number = this.#head; number < this.#tail; number++) {
      const from = this.#offset(number);
      ring.set(this.#ring.subarray(from, from + columns), (number % capacity) * columns);
    }
    this.#ring = ring;
    this.#capacity = capacity;
  }
}
