import type { ByteSink, ByteSource } from '../types/answer.ts';

/** A stream that is there in whole: its pieces as they came, then its end. */
export class HeldBody implements ByteSource {
  readonly #pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
  }

  /** All at once: it is no more than what may be held back of a stream. */
  start(sink: ByteSink): void {
    for (const piece of this.#pieces) sink.write(piece);
    sink.end();
  }

  resume(): void {}

  cancel(): void {}
}
