const firstBytes = 64 * 1024;

/** Bytes that a batch had lately; the next one begins as large, so that it need not grow. */
let expectedBytes = firstBytes;

/** One request to the receiver of traces, which is filled with spans. */
export class TraceBatch {
  spans = 0;
  readonly #tail: string;
  #bytes = Buffer.allocUnsafeSlow(expectedBytes);
  #used = 0;

  /** Both are ASCII, as all that is added. */
  constructor(head: string, tail: string) {
    this.#tail = tail;
    this.#write(head);
  }

  add(span: string): void {
    this.#write(this.spans === 0 ? span : `,${span}`);
    this.spans++;
  }

  /** The whole request. Nothing can be added afterwards. */
  end(): Buffer {
    this.#write(this.#tail);
    expectedBytes = Math.max(firstBytes, Math.ceil(this.#used * 1.1));
    return this.#bytes.subarray(0, this.#used);
  }

  #write(text: string): void {
    const needed = this.#used + text.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#used += this.#bytes.write(text, this.#used, 'latin1');
  }
}
