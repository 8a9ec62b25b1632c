import { generatedText } from '../backends/event-filter.ts';
import { readEvents } from '../bytes/sse-splitter.ts';
import type { ByteSink, ByteSource } from '../types/answer.ts';

/** Of a longer stream the rest is not kept. */
const maximumBytes = 16 * 1024 * 1024;

/** A stream of events whose text can be counted when it is over. */
export class KeptStream implements ByteSource {
  readonly #source: ByteSource;
  readonly #kept: Buffer[] = [];
  #bytes = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  start(sink: ByteSink): void {
    this.#source.start({
      write: (chunk) => {
        this.#keep(chunk);
        return sink.write(chunk);
      },
      end: (error) => sink.end(error),
    });
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(): void {
    this.#source.cancel();
  }

  /** What was generated so far. */
  text(): string {
    let text = '';
    for (const { data } of readEvents(Buffer.concat(this.#kept))) {
      text += generatedText(data?.bytes.toString('utf8', data.start, data.end));
    }
    return text;
  }

  #keep(chunk: Buffer): void {
    if (this.#bytes >= maximumBytes) return;
    this.#bytes += chunk.length;
    this.#kept.push(chunk);
  }
}
