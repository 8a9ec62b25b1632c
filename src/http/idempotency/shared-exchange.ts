import type { Exchange, HeaderList, RequestHeaders } from '../exchange.ts';
import type { RecordedAnswer } from './recorded-answer.ts';

/** The exchange of a call for which several clients may wait: it is the first one's request, and everybody's answer. */
export class SharedExchange implements Exchange {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  readonly remoteAddress: string;
  readonly receivedAt: number;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  readonly #first: Exchange;
  readonly #answer: RecordedAnswer;

  constructor(first: Exchange, answer: RecordedAnswer, signal: AbortSignal) {
    this.id = first.id;
    this.method = first.method;
    this.path = first.path;
    this.query = first.query;
    this.body = first.body;
    this.remoteAddress = first.remoteAddress;
    this.receivedAt = first.receivedAt;
    this.signal = signal;
    this.#first = first;
    this.#answer = answer;
  }

  header(name: string): string | undefined {
    return this.#first.header(name);
  }

  headers(): RequestHeaders {
    return this.#first.headers();
  }

  reply(status: number, headers: HeaderList, body: Buffer | string): void {
    this.#answer.head(status, headers);
    this.#answer.whole(typeof body === 'string' ? Buffer.from(body) : body);
  }

  begin(status: number, headers: HeaderList): void {
    this.#answer.head(status, headers);
  }

  write(chunk: Buffer): boolean {
    return this.#answer.write(chunk);
  }

  onDrain(listener: () => void): void {
    this.#answer.onDrain(listener);
  }

  end(chunk?: Buffer): void {
    if (chunk !== undefined) this.#answer.write(chunk);
    this.#answer.end();
  }
}
