import { GatewayError } from '../gateway-error.ts';
import type { HeaderList } from './exchange.ts';

export interface ErrorReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** An error as a client gets it: OpenAI's envelope, and the headers that its SDKs obey. The only writer of error bodies. */
export function errorReply(error: GatewayError): ErrorReply {
  const headers: (readonly [string, string])[] = [['content-type', 'application/json'], ...error.headers];
  if (error.retryAfterMs !== undefined) {
    headers.push(['retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)))]);
    headers.push(['retry-after-ms', String(Math.max(1, Math.ceil(error.retryAfterMs)))]);
  }
  // Clients repeat a 5xx on their own; where that cannot help they are told so.
  if (error.status >= 500 && !error.retryable && !headers.some(([name]) => name === 'x-should-retry')) {
    headers.push(['x-should-retry', 'false']);
  }
  return { status: error.status, headers, body: JSON.stringify(errorBody(error)) };
}

/** The event with which a stream ends that broke; no `[DONE]` follows it. */
export function errorEvent(error: GatewayError): Buffer {
  return Buffer.from(`data: ${JSON.stringify(errorBody(error))}\n\n`);
}

function errorBody(error: GatewayError): object {
  const { message, type, code, param, detail, upstreamError, attempts } = error;
  const tried = attempts === undefined ? {} : { attempts };
  if (upstreamError) return { error: { message, type, param: null, code: null, ...upstreamError }, ...tried };
  return {
    error: { message, type, param: param ?? null, code },
    ...(detail === undefined ? {} : { detail }),
    ...tried,
  };
}

/** Anything that was thrown, as an error that may be shown: what is not ours says nothing of its inside. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('internal_error', 'the gateway failed on this request; its log says why', { cause: thrown });
}
