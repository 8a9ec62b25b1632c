/** Bytes of a body as they came, with the time of each piece; only so many of them are kept. */
export class ObservedBody {
  readonly chunks: Buffer[] = [];
  /** Milliseconds of `performance.now()`, one per chunk. */
  readonly times: number[] = [];
  /** All of them, also those that were not kept. */
  bytes = 0;
  kept = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: Buffer | string): void {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.bytes += chunk.length;
    const room = this.#limit - this.kept;
    if (room <= 0 || chunk.length === 0) return;
    const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
    this.chunks.push(part);
    this.times.push(performance.now());
    this.kept += part.length;
  }

  /** What was kept, in one piece. */
  join(): Buffer {
    return this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
  }
}
