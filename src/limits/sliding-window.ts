/** The span over which rates hold, in milliseconds. */
export const windowMs = 60_000;

const columns = 3; // time, requests, tokens
const initialCapacity = 16;
/** With so many entries, calls that come close together share one. */
const crowd = 4096;
/** How close, in milliseconds: those that share an entry leave with the last of them. */
const togetherMs = 16;

/**
 * What was admitted within the last 60 seconds, call by call, in a ring that grows: an entry can still be changed while
 * it is in the window. The sums are exact at every moment. Only in a crowd calls leave up to 16 ms late, never early, so
 * that there are never more than some 8,000 entries however many calls come.
 */
export class SlidingWindow {
  requests = 0;
  tokens = 0;
  #ring = new Float64Array(initialCapacity * columns);
  #capacity = initialCapacity;
  /** Numbers of the first entry and of the one after the last; they only ever grow. */
  #head = 0;
  #tail = 0;
  /** Until when calls come into the last entry. */
  #sharedUntil = Number.NEGATIVE_INFINITY;

  /** How many entries there are. */
  get entries(): number {
    return this.#tail - this.#head;
  }

  /** Adds a call and gives the number of its entry. */
  add(now: number, tokens: number): number {
    if (now >= this.#sharedUntil) {
      this.#append(now, 1, tokens);
      if (this.entries > crowd) this.#sharedUntil = now + togetherMs;
    } else {
      const at = this.#offset(this.#tail - 1);
      this.#ring[at] = now;
      this.#change(at, 1, tokens);
    }
    return this.#tail - 1;
  }

  /** Changes what a call counts for by so much; one that has left the window counts for nothing any more. */
  change(number: number, requests: number, tokens: number): void {
    if (number >= this.#head) this.#change(this.#offset(number), requests, tokens);
  }

  /**
   * Changes the tokens of a call by so many; what a call takes after it has left the window counts from then on.
   * @returns the number of the entry in which it is found from now on
   */
  shift(now: number, number: number, by: number): number {
    this.expire(now);
    if (number >= this.#head) {
      const at = this.#offset(number);
      this.#change(at, 0, Math.max(by, -(this.#ring[at + 2] as number)));
    } else if (by > 0) {
      // Alone: of this entry more may be taken back than was put in.
      this.#append(now, 1, by);
      this.#sharedUntil = Number.NEGATIVE_INFINITY;
      return this.#tail - 1;
    }
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
    if (this.#head === this.#tail) this.#sharedUntil = Number.NEGATIVE_INFINITY;
    if (this.#capacity > 1024 && this.entries < this.#capacity / 8) this.#resize(this.#capacity / 2);
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

  #append(now: number, requests: number, tokens: number): void {
    if (this.entries === this.#capacity) this.#resize(this.#capacity * 2);
    const at = this.#offset(this.#tail++);
    this.#ring[at] = now;
    this.#ring[at + 1] = 0;
    this.#ring[at + 2] = 0;
    this.#change(at, requests, tokens);
  }

  #change(at: number, requests: number, tokens: number): void {
    this.#ring[at + 1] = (this.#ring[at + 1] as number) + requests;
    this.#ring[at + 2] = (this.#ring[at + 2] as number) + tokens;
    this.requests += requests;
    this.tokens += tokens;
  }

  #offset(number: number): number {
    return (number % this.#capacity) * columns;
  }

  #resize(capacity: number): void {
    const ring = new Float64Array(capacity * columns);
    for (let number = this.#head; number < this.#tail; number++) {
      const from = this.#offset(number);
      const to = (number % capacity) * columns;
      for (let column = 0; column < columns; column++) ring[to + column] = this.#ring[from + column] as number;
    }
    this.#ring = ring;
    this.#capacity = capacity;
  }
}
