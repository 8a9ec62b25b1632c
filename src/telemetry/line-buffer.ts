import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const flushMs = 250;
const retryMs = 50;
const longestFlushMs = 1000;
const flushCharacters = 64 * 1024;
/** More than this is not kept for a reader that has stopped reading. */
const maximumCharacters = 16 * 1024 * 1024;

/**
 * Collects lines for a file descriptor and writes many of them at once, off the request path and at the latest after a
 * quarter of a second, so that a line costs a request next to nothing and a reader that is stuck stops nobody.
 */
export class LineBuffer {
  /** Lines that were lost because nobody read. */
  lost = 0;
  readonly #fileDescriptor: number;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What is being written. */
  #writing: Buffer | undefined;

  constructor(fileDescriptor: number) {
    this.#fileDescriptor = fileDescriptor;
  }

  write(line: string): void {
    if (this.#characters + line.length > maximumCharacters) {
      this.lost++;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= flushCharacters) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), flushMs).unref();
  }

  /** Writes out what there is, at the end of the process; a reader that is stuck is waited for a second at most. */
  async flush(): Promise<void> {
    for (let waited = 0; this.#writing !== undefined && waited < longestFlushMs; waited += 10) await sleep(10);
    if (this.#writing !== undefined) return;
    const rest = this.#take();
    try {
      for (let at = 0; at < rest.length; ) at += writeSync(this.#fileDescriptor, rest, at);
    } catch {
      // Nobody reads any more, and there is nowhere left to say so.
    }
  }

  #take(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    return Buffer.from(text);
  }

  #start(): void {
    if (this.#writing !== undefined || this.#lines.length === 0) return;
    this.#writing = this.#take();
    this.#continue();
  }

  #continue(): void {
    const bytes = this.#writing;
    if (bytes === undefined) return;
    write(this.#fileDescriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#continue(), retryMs).unref();
        return;
      }
      this.#writing = error || written === bytes.length ? undefined : bytes.subarray(written);
      if (this.#writing !== undefined) this.#continue();
      else if (this.#characters >= flushCharacters) this.#start();
    });
  }
}
