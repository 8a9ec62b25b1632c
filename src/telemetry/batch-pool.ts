import { alignedMemory } from './aligned-memory.ts';
import { LineBatch } from './capture-batch.ts';

/** The room of a batch, for lines that are not longer. */
const batchBytes = 1024 * 1024;
/** One is filled while another one is written, and one more where that takes long. */
const pooled = 3;

/**
 * Batches that are filled again and again. Beyond a few that is given up: where so many wait, the disk is slow, and what
 * comes then is written through the page cache, which takes it.
 */
export class BatchPool {
  /** Undefined: none was needed yet. */
  #spares: LineBatch[] | undefined;
  /** What comes back to the spares. */
  #own: readonly LineBatch[] = [];

  /** An empty batch with room for so many bytes at least. */
  take(bytes: number): LineBatch {
    if (this.#spares === undefined) {
      this.#own = makeBatches();
      this.#spares = [...this.#own];
    }
    const spare = bytes < batchBytes ? this.#spares.pop() : undefined;
    return spare ?? new LineBatch(Buffer.allocUnsafeSlow(Math.max(batchBytes, bytes + 1)), false);
  }

  /** Takes back what is written or lost. */
  give(batch: LineBatch): void {
    batch.clear();
    if (this.#own.includes(batch)) this.#spares?.push(batch);
  }
}

function makeBatches(): LineBatch[] {
  const aligned = alignedMemory(pooled, batchBytes).map((memory) => new LineBatch(memory, true));
  if (aligned.length > 0) return aligned;
  return Array.from({ length: pooled }, () => new LineBatch(Buffer.allocUnsafeSlow(batchBytes), false));
}
