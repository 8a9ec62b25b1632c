const lineEnd = 0x0a;

/** Lines that wait to be written, in one piece. */
export class LineBatch {
  readonly #bytes: Buffer;
  /** Where each line ends, its end included. */
  readonly #ends: number[] = [];
  /** Of the lines, so many are written; of the bytes, so many. */
  #writtenLines = 0;
  #writtenBytes = 0;
  /** Of the lines, so many were given out by `next`. */
  #givenLines = 0;
  #used = 0;

  /** @param bytes so much room it has for lines, without the end of the last one */
  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes + 1);
  }

  get bytes(): number {
    return this.#bytes.length - 1;
  }

  /** Lines that are not written yet. */
  get lines(): number {
    return this.#ends.length - this.#writtenLines;
  }

  fits(length: number): boolean {
    return this.#used + length < this.#bytes.length;
  }

  /** Returns false where there is no room for it. */
  add(line: Uint8Array): boolean {
    if (!this.fits(line.length)) return false;
    this.#bytes.set(line, this.#used);
    this.#used += line.length;
    this.#bytes[this.#used++] = lineEnd;
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
    return this.#bytes.subarray(this.#writtenBytes, count === 0 ? 0 : this.#ends[count - 1]);
  }

  /** What `next` gave out is written. */
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
