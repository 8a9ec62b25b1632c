import type { Exchange, HeaderList } from '../exchange.ts';

/** How far a reader may be behind before the backend is held up for it. */
const longestLag = 1_000_000;

/**
 * An answer as it goes to whoever wants it: it is kept from its first byte, so that one who comes later gets the same. It is
 * written once, by the call that makes it.
 */
export class RecordedAnswer {
  /** Bytes of it so far. */
  size = 0;
  #status = 0;
  #headers: HeaderList = [];
  #isWhole = false;
  #chunks: Buffer[] = [];
  #hasHead = false;
  #isOver = false;
  /** Too large to be kept: who reads it already gets the rest, nobody new. */
  #isTooLarge = false;
  #isKept = false;
  #isCompact = false;
  readonly #maximumBytes: number;
  readonly #readers = new Set<Reader>();
  #drained: () => void = () => undefined;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get canBeRead(): boolean {
    return !this.#isTooLarge;
  }

  get status(): number {
    return this.#status;
  }

  /**
   * Gives it to a client, what is there at once and the rest as it comes.
   * @param mark headers in place of those of the same names, and beside the others
   */
  readBy(exchange: Exchange, mark: HeaderList): void {
    const reader: Reader = { exchange, mark, next: 0, isBegun: false, isSlow: false };
    this.#readers.add(reader);
    exchange.signal.addEventListener('abort', () => this.#leave(reader));
    exchange.onDrain(() => {
      reader.isSlow = false;
      this.#give(reader);
      this.#forgetRead();
      if (!this.#lags()) this.#drained();
    });
    this.#give(reader);
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  head(status: number, headers: HeaderList): void {
    this.#status = status;
    this.#headers = headers;
    this.#hasHead = true;
  }

  /** The answer is this and no more. */
  whole(body: Buffer): void {
    this.#isWhole = true;
    this.#add(body);
    this.end();
  }

  /** @returns whether more may come at once */
  write(chunk: Buffer): boolean {
    this.#add(chunk);
    for (const reader of this.#readers) this.#give(reader);
    this.#forgetRead();
    return !this.#lags();
  }

  end(): void {
    this.#isOver = true;
    for (const reader of this.#readers) this.#give(reader);
  }

  /** It is over, and read again later: from then on it takes no more memory than its bytes. */
  keep(): void {
    this.#isKept = true;
    this.#compact();
  }

  #add(chunk: Buffer): void {
    this.size += chunk.length;
    this.#chunks.push(chunk);
    if (this.size > this.#maximumBytes) this.#isTooLarge = true;
  }

  #give(reader: Reader): void {
    const { exchange } = reader;
    if (!this.#hasHead || reader.isSlow || exchange.signal.aborted) return;
    if (this.#isWhole) {
      if (!this.#isOver) return;
      this.#forget(reader);
      exchange.reply(this.#status, marked(this.#headers, reader.mark), Buffer.concat(this.#chunks));
      return;
    }
    if (!reader.isBegun) {
      if (this.#chunks.length === 0 && !this.#isOver) return;
      reader.isBegun = true;
      exchange.begin(this.#status, marked(this.#headers, reader.mark));
    }
    while (reader.next < this.#chunks.length && !reader.isSlow) {
      reader.isSlow = !exchange.write(this.#chunks[reader.next++] as Buffer);
    }
    if (!this.#isOver || reader.next < this.#chunks.length) return;
    this.#forget(reader);
    exchange.end();
  }

  #leave(reader: Reader): void {
    this.#forget(reader);
    if (!this.#lags()) this.#drained();
  }

  #forget(reader: Reader): void {
    this.#readers.delete(reader);
    this.#compact();
  }

  /** One copy in place of the many small pieces, each of which may hold more memory than its bytes. */
  #compact(): void {
    if (!this.#isKept || this.#isCompact || this.#readers.size > 0) return;
    this.#isCompact = true;
    this.#chunks = [Buffer.concat(this.#chunks)];
  }

  /** Whether somebody is so slow that no more should be fetched. */
  #lags(): boolean {
    for (const { next } of this.#readers) {
      let behind = 0;
      for (let at = next; at < this.#chunks.length; at++) behind += (this.#chunks[at] as Buffer).length;
      if (behind > longestLag) return true;
    }
    return false;
  }

  /** What is not kept is let go of as soon as everybody has it. */
  #forgetRead(): void {
    if (!this.#isTooLarge || this.#isWhole) return;
    const least = Math.min(this.#chunks.length, ...Array.from(this.#readers, ({ next }) => next));
    this.#chunks.splice(0, least);
    for (const reader of this.#readers) reader.next -= least;
  }
}

interface Reader {
  readonly exchange: Exchange;
  readonly mark: HeaderList;
  /** The chunk that it gets next. */
  next: number;
  isBegun: boolean;
  /** It has to catch up first. */
  isSlow: boolean;
}

function marked(headers: HeaderList, mark: HeaderList): HeaderList {
  const names = new Set(mark.map(([name]) => name));
  return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...mark];
}
