import type { BytePairRanks } from './byte-pair-ranks.ts';

/** Positions in one merge are below this, so that rank and position fit one number that sorts by rank, then place. */
const positionSpan = 2 ** 27;
const noPair = -1;

/**
 * Byte-pair merging of one range of bytes: always the pair of lowest rank first, of equal ones the leftmost.
 * O(n log n) in the bytes. The scratch arrays are kept from one range to the next.
 */
export class PairMerger {
  readonly #ranks: BytePairRanks;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  /** Where the part that begins at an index ends; a part that was merged into its left neighbour is not followed. */
  #ends = new Int32Array(0);
  #previous = new Int32Array(0);
  /** The rank of a part joined with the next, or -1. */
  #joined = new Int32Array(0);
  /** A binary heap of rank * positionSpan + index. Entries that no longer hold are skipped when they surface. */
  #heap = new Float64Array(0);
  #heapSize = 0;

  constructor(ranks: BytePairRanks) {
    this.#ranks = ranks;
  }

  /** Merges `bytes[start, end)` and returns the number of tokens. */
  merge(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    this.#reserve(length);
    this.#bytes = bytes;
    this.#start = start;
    this.#heapSize = 0;
    for (let index = 0; index < length; index++) {
      this.#ends[index] = index + 1;
      this.#previous[index] = index - 1;
    }
    for (let index = 0; index < length; index++) this.#offer(index, length);
    let count = length;
    while (this.#heapSize > 0) {
      const entry = this.#pop();
      const rank = Math.floor(entry / positionSpan);
      const index = entry - rank * positionSpan;
      if (this.#joined[index] !== rank) continue;
      this.#join(index, length);
      count--;
    }
    return count;
  }

  /** After {@link merge}: where the token that begins at `index` (from 0) ends. */
  endOf(index: number): number {
    return this.#ends[index] as number;
  }

  #join(index: number, length: number): void {
    const middle = this.#ends[index] as number;
    const end = this.#ends[middle] as number;
    this.#joined[middle] = noPair;
    this.#ends[index] = end;
    if (end < length) this.#previous[end] = index;
    this.#offer(index, length);
    const previous = this.#previous[index] as number;
    if (previous >= 0) this.#offer(previous, length);
  }

  /** Looks up the pair that begins at `index` anew, and queues it if it can be merged. */
  #offer(index: number, length: number): void {
    const middle = this.#ends[index] as number;
    if (middle >= length) {
      this.#joined[index] = noPair;
      return;
    }
    const rank = this.#ranks.rank(this.#bytes, this.#start + index, this.#start + (this.#ends[middle] as number));
    this.#joined[index] = rank;
    if (rank >= 0) this.#push(rank * positionSpan + index);
  }

  #push(entry: number): void {
    const heap = this.#heap;
    let hole = this.#heapSize++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= entry) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0] as number;
    const size = --this.#heapSize;
    const entry = heap[size] as number;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
      const below = heap[child] as number;
      if (below >= entry) break;
      heap[hole] = below;
      hole = child;
    }
    heap[hole] = entry;
    return top;
  }

  #reserve(length: number): void {
    if (this.#ends.length >= length) return;
    const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(length)));
    this.#ends = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#joined = new Int32Array(capacity);
    // At the start one entry for each byte, and every merge takes one out and puts at most two in.
    this.#heap = new Float64Array(2 * capacity);
  }
}
