import type { Room } from './json-writer.ts';

const lineEnd = 0x0a;
const space = 0x20;

/** What a file system writes at once, or a multiple of it, in bytes. */
export const blockBytes = 4096;
/** With less than so many bytes, filling up the last block would cost more than it spares. */
const leastBytes = 16 * blockBytes;

/** Lines that wait to be written, in one piece. */
export class LineBatch implements Room {
  readonly memory: Buffer<ArrayBuffer>;
  readonly #isAligned: boolean;
  /** Where each line ends, its end included. */
  readonly #ends: number[] = [];
  /** Of the lines, so many are written; of the bytes, so many. */
  #writtenLines = 0;
  #writtenBytes = 0;
  /** Of the lines, so many were given out by `next`. */
  #givenLines = 0;
  #used = 0;

  /** @param isAligned whether the memory begins where a block may, and is whole blocks */
  constructor(memory: Buffer<ArrayBuffer>, isAligned: boolean) {
    this.memory = memory;
    this.#isAligned = isAligned;
  }

  /** So many bytes are lines already. */
  get used(): number {
    return this.#used;
  }

  /** Lines that are not written yet. */
  get lines(): number {
    return this.#ends.length - this.#writtenLines;
  }

  fits(length: number): boolean {
    return this.#used + length < this.memory.length;
  }

  /** Takes a line, which may stand in the memory behind the others already. Returns false where there is no room for it. */
  add(line: Uint8Array): boolean {
    if (!this.fits(line.length)) return false;
    const isInPlace = line.buffer === this.memory.buffer && line.byteOffset === this.memory.byteOffset + this.#used;
    if (!isInPlace) this.memory.set(line, this.#used);
    this.#used += line.length;
    this.memory[this.#used++] = lineEnd;
    this.#ends.push(this.#used);
    return true;
  }

  /**
   * The next lines to write, at most so many bytes of them.
   * @param atLeastOne however long it is
   */
  next(most: number, atLeastOne: boolean): Buffer {
    let count = this.#writtenLines;
    while (count < this.#ends.length && (this.#ends[count] as number) - this.#writtenBytes <= most) count++;
    if (atLeastOne && count === this.#writtenLines) count++;
    this.#givenLines = count;
    return this.memory.subarray(this.#writtenBytes, count === 0 ? 0 : this.#ends[count - 1]);
  }

  /**
   * All lines as whole blocks: spaces, which mean nothing there, stand at the end of the last one. Undefined where that
   * is more than so many bytes, where there is too little for it, and where some lines are written already.
   */
  blocks(most: number): Buffer | undefined {
    const end = Math.ceil(this.#used / blockBytes) * blockBytes;
    if (!this.#isAligned || this.#writtenLines > 0 || this.#used < leastBytes || end > most) return undefined;
    this.memory.fill(space, this.#used - 1, end - 1);
    this.memory[end - 1] = lineEnd;
    this.#ends[this.#ends.length - 1] = end;
    this.#used = end;
    return this.next(end, false);
  }

  /** What `next` or `blocks` gave out is written. */
  written(): void {
    this.#writtenLines = this.#givenLines;
    this.#writtenBytes = this.#ends[this.#givenLines - 1] ?? 0;
  }

  clear(): void {
    this.#ends.length = 0;
    this.#writtenLines = 0;
    this.#writtenBytes = 0;
    this.#used = 0;
  }
}
