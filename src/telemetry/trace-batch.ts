import { JsonWriter, type Room } from './json-writer.ts';

const firstBytes = 64 * 1024;
const writer = new JsonWriter();

/** One request to the receiver of traces, which is filled with spans. */
export class TraceBatch implements Room {
  spans = 0;
  memory: Buffer<ArrayBuffer>;
  used = 0;
  readonly #tail: string;

  /** @param memory that of a batch that is sent, if there is one */
  constructor(head: string, tail: string, memory: Buffer<ArrayBuffer> | undefined) {
    this.memory = memory ?? Buffer.allocUnsafeSlow(firstBytes);
    this.#tail = tail;
    this.#put((target) => target.text(head));
  }

  /** @param write writes one span */
  add(write: (writer: JsonWriter) => void): void {
    this.#put((target) => {
      if (this.spans > 0) target.text(',');
      write(target);
    });
    this.spans++;
  }

  /** The whole request. Nothing can be added afterwards. */
  end(): Buffer {
    this.#put((target) => target.text(this.#tail));
    return this.memory.subarray(0, this.used);
  }

  #put(write: (writer: JsonWriter) => void): void {
    writer.begin(this);
    write(writer);
    const written = writer.end();
    if (written.buffer !== this.memory.buffer) this.#grow(written);
    this.used += written.length;
  }

  /** Takes what had no room. */
  #grow(written: Buffer): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.used + written.length, this.memory.length * 2));
    larger.set(this.memory.subarray(0, this.used));
    larger.set(written, this.used);
    this.memory = larger;
  }
}
