import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from './exchange.ts';

/** Answers with a JSON body. */
export function replyJson(exchange: Exchange, status: number, body: object): void {
  const headers = [
    ['content-type', 'application/json'],
    ['x-request-id', exchange.id],
  ] as const;
  exchange.reply(status, headers, JSON.stringify(body));
}

/**
 * A name out of a path, decoded exactly once.
 * @throws GatewayError `invalid_request`
 */
export function decodeName(rest: string): string {
  try {
    return decodeURIComponent(rest);
  } catch {
    throw new GatewayError('invalid_request', 'the path has a "%" that is no escape; write it as %25');
  }
}
