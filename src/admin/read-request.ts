import type * as z from 'zod';
import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { describeIssue } from './describe-issue.ts';

/** A body of more than this is none of the admin API's. */
const mostBytes = 1024 * 1024;

/**
 * The body of a request, held against its schema.
 * @param isOptional no body is as good as `{}`
 * @throws GatewayError `invalid_json`, or `invalid_request` that names the field
 */
export function readBody<S extends z.ZodType>(exchange: Exchange, schema: S, isOptional = false): z.output<S> {
  const { body } = exchange;
  if (body.length > mostBytes) {
    throw new GatewayError('request_too_large', `the body has ${body.length} bytes, and ${mostBytes} is the most here`);
  }
  const text = body.toString();
  if (text.trim() === '' && !isOptional) {
    throw new GatewayError(
      'invalid_request',
      'a body is needed: a JSON object, with the header content-type: application/json',
    );
  }
  const value = text.trim() === '' ? {} : parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GatewayError('invalid_request', 'the body must be a JSON object');
  }
  return checked(schema, value);
}

/** The fields of a request's query, each at most once. */
export function readQuery<S extends z.ZodObject>(exchange: Exchange, schema: S): z.output<S> {
  const value: Record<string, string> = Object.create(null);
  for (const [name, text] of new URLSearchParams(exchange.query)) {
    if (name in value) {
      throw new GatewayError('invalid_request', `the query has "${name.slice(0, 100)}" twice`, {
        param: name.slice(0, 100),
      });
    }
    value[name] = text;
  }
  return checked(schema, value);
}

/**
 * The version that a change is for, from the header `If-Match`.
 * @returns undefined: none is given, or any is meant
 */
export function readIfMatch(exchange: Exchange): number | undefined {
  const header = exchange.header('if-match')?.trim();
  if (header === undefined || header === '' || header === '*') return undefined;
  const version = /^"?(\d{1,15})"?$/.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  throw new GatewayError('invalid_request', 'the header If-Match must hold the version, such as "3"', {
    param: 'If-Match',
  });
}

/** Of the body's version and the header's: the one that is given. */
export function readVersion(exchange: Exchange, inBody: number | undefined): number | undefined {
  const header = readIfMatch(exchange);
  if (header === undefined || inBody === undefined || header === inBody) return inBody ?? header;
  const message = `the body says version ${inBody} and If-Match ${header}; give one of them`;
  throw new GatewayError('invalid_request', message, { param: 'version' });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GatewayError('invalid_json', 'the body is no JSON');
  }
}

/** @throws GatewayError of the first thing that is wrong */
export function checked<S extends z.ZodType>(schema: S, value: object): z.output<S> {
  if (Object.hasOwn(value, '__proto__')) {
    throw new GatewayError('invalid_request', '__proto__ is no field', { param: '__proto__' });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { message, param } = describeIssue(issue, schema);
  throw new GatewayError('invalid_request', message, param === '' ? {} : { param });
}
