import type { JsonIndex } from '../bytes/json-index.ts';
import { GatewayError } from '../gateway-error.ts';

/**
 * How much output a request asks for: the larger of `max_tokens` and `max_completion_tokens`, and which one it is.
 * `1e3` and `1000.0` mean 1000, `null` is absent.
 * @throws GatewayError `invalid_request` for anything else that is not a whole number from 0
 */
export function readOutputTokens(fields: JsonIndex): { name: string; tokens: number } | undefined {
  let asked: { name: string; tokens: number } | undefined;
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    const tokens = readWhole(fields, name, 0);
    if (tokens !== undefined && (asked === undefined || tokens > asked.tokens)) asked = { name, tokens };
  }
  return asked;
}

/** How many choices a request asks for. */
export function readChoices(fields: JsonIndex): number {
  return Math.max(readWhole(fields, 'n', 1) ?? 1, readWhole(fields, 'best_of', 1) ?? 1);
}

function readWhole(fields: JsonIndex, name: string, least: number): number | undefined {
  const value = fields.get(name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new GatewayError('invalid_request', `"${name}" must be a whole number of at least ${least}`, { param: name });
}
