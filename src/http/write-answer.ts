import { rateLimitHeaders } from '../limits/rate-limit-headers.ts';
import type { Run } from '../pipeline/run.ts';
import type { Answer } from '../types/answer.ts';
import { errorEvent } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** Gives a client its answer: whole, or piece by piece as it comes. */
export function writeAnswer(exchange: Exchange, answer: Answer, run: Run): void {
  const headers = [...answer.headers, ...runHeaders(exchange, run)];
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    exchange.reply(answer.status, headers, body);
    return;
  }
  headers.push(['cache-control', 'no-cache'], ['x-accel-buffering', 'no']);
  exchange.begin(answer.status, headers);
  exchange.onDrain(() => body.resume());
  body.start({
    write: (chunk) => exchange.write(chunk),
    end: (error) => exchange.end(error === undefined ? undefined : errorEvent(error)),
  });
}

/** What tells a client how its answer, or its error, came about. */
export function runHeaders(exchange: Exchange, run: Run): [string, string][] {
  const headers: [string, string][] = [['x-request-id', exchange.id]];
  const { candidate, count } = run.attempts;
  if (candidate !== undefined && count > 0) {
    headers.push(
      ['x-headrace-backend', headerText(candidate.backend.config.name)],
      ['x-headrace-model', headerText(candidate.model)],
      ['x-headrace-attempts', String(count)],
    );
  }
  const state = run.ticket?.state;
  return state === undefined ? headers : headers.concat(rateLimitHeaders(state));
}

/** Names are free text; what no header can hold is percent-encoded. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
