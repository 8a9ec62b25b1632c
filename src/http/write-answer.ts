import { rateLimitHeaders } from '../limits/rate-limit-headers.ts';
import type { Try } from '../pipeline/attempts.ts';
import { tightestRates } from '../pipeline/caller-rates.ts';
import type { Run } from '../pipeline/run.ts';
import type { Answer } from '../types/answer.ts';
import { errorEvent } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** A comment between two events, so that nothing on the way hangs up. */
const keepAlive = Buffer.from(': keep-alive\n\n');

/**
 * Gives a client its answer: whole, or piece by piece as it comes.
 * @param heartbeatMs after how much silence a stream gets a comment; 0: never
 */
export function writeAnswer(exchange: Exchange, answer: Answer, run: Run, heartbeatMs: number): void {
  const headers = [...answer.headers, ...runHeaders(exchange, run)];
  const { body } = answer;
  if (Buffer.isBuffer(body)) {
    exchange.reply(answer.status, headers, body);
    return;
  }
  headers.push(['cache-control', 'no-cache'], ['x-accel-buffering', 'no']);
  exchange.begin(answer.status, headers);
  exchange.onDrain(() => body.resume());
  const heartbeat = heartbeatMs > 0 ? new Heartbeat(exchange, heartbeatMs) : undefined;
  body.start({
    write: (chunk) => {
      heartbeat?.restart();
      return exchange.write(chunk);
    },
    end: (error) => {
      heartbeat?.stop();
      exchange.end(error === undefined ? undefined : errorEvent(error));
    },
  });
}

class Heartbeat {
  readonly #timer: NodeJS.Timeout;

  constructor(exchange: Exchange, milliseconds: number) {
    this.#timer = setTimeout(() => {
      exchange.write(keepAlive);
      this.restart();
    }, milliseconds);
    exchange.signal.addEventListener('abort', () => this.stop());
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** What tells a client how its answer, or its error, came about. */
export function runHeaders(exchange: Exchange, run: Run): [string, string][] {
  const headers: [string, string][] = [['x-request-id', exchange.id]];
  const { count } = run.attempts;
  if (count > 0) {
    headers.push(...whoHeaders(run), ['x-headrace-attempts', String(count)]);
  }
  const { tries } = run.attempts;
  if (tries.length > 1) headers.push(['x-headrace-tries', headerText(tries.map(tryText).join(', '), 4096)]);
  if (run.downgradedFrom !== undefined) headers.push(['x-headrace-downgraded', headerText(run.downgradedFrom)]);
  if (run.degraded !== undefined) headers.push(['x-headrace-degraded', run.degraded]);
  if (run.spent?.cost !== undefined && run.spent.usage !== undefined) {
    headers.push(['x-headrace-cost', (run.spent.cost / 1e9).toFixed(9)]);
  }
  const state = tightestRates(run.ticket?.state, run.admitted?.rates());
  return state === undefined ? headers : headers.concat(rateLimitHeaders(state));
}

/** Who answered; where it is an approach's answer that is yet to come, nobody knows. */
function whoHeaders({ attempts, approach, answer }: Run): [string, string][] {
  const { candidate } = attempts;
  const asked = candidate && { backend: candidate.backend.config.name, model: candidate.model };
  const by = approach?.answeredBy() ?? (approach !== undefined && answer !== undefined ? undefined : asked);
  if (by === undefined) return [];
  return [
    ['x-headrace-backend', headerText(by.backend)],
    ['x-headrace-model', headerText(by.model)],
  ];
}

/** Such as `openai:gpt-4o;upstream_error;120ms`; of the one that answered the code is `ok`. */
function tryText({ candidate, isSent, left, startedAt, endedAt }: Try): string {
  const name = `${candidate.backend.config.name}:${candidate.model}`.slice(0, 256);
  const how = isSent ? `${Math.max(0, Math.round(endedAt - startedAt))}ms` : 'not sent';
  return `${name};${left ?? 'ok'};${how}`;
}

/** Names are free text; what no header can hold is percent-encoded. */
function headerText(text: string, most = 256): string {
  const short = text.slice(0, most);
  return /^[\x20-\x7e]*$/.test(short) ? short : encodeURIComponent(short.toWellFormed());
}
