import type { Exchange } from './exchange.ts';

/** Of a client's headers those that go on to a backend. */
const forwarded = ['openai-beta', 'idempotency-key', 'traceparent', 'tracestate'] as const;

/** The client's headers that a backend gets: name, value, name, value ... */
export function forwardHeaders(exchange: Exchange): string[] {
  const headers: string[] = [];
  for (const name of forwarded) {
    const value = exchange.header(name);
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

/** When the client gives up, in milliseconds of `performance.now()`: OpenAI's SDKs say how many seconds they wait. */
export function readDeadline(exchange: Exchange): number | undefined {
  const seconds = Number(exchange.header('x-stainless-timeout') ?? Number.NaN);
  return seconds > 0 ? exchange.receivedAt + seconds * 1000 : undefined;
}

/** How often the client's SDK has repeated this request already, where it says so. */
export function readClientRetries(exchange: Exchange): number | undefined {
  const count = Number(exchange.header('x-stainless-retry-count') ?? Number.NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** Whether the client lets others go first: the query has `nice=true`. */
export function readNice({ query }: Exchange): boolean {
  return query !== '' && /(^|&)nice=true(&|$)/.test(query);
}
