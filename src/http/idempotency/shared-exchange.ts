import type { Exchange, HeaderList } from '../exchange.ts';
import { RequestView } from '../request-view.ts';
import type { RecordedAnswer } from './recorded-answer.ts';

/** The exchange of a call for which several clients may wait: it is the first one's request, and everybody's answer. */
export class SharedExchange extends RequestView implements Exchange {
  readonly #answer: RecordedAnswer;

  /** @param signal aborted when nobody waits any more */
  constructor(first: Exchange, answer: RecordedAnswer, signal: AbortSignal) {
    super(first, signal);
    this.#answer = answer;
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
