import { GatewayError } from '../gateway-error.ts';
import { type Message, withInstruction } from './conversation.ts';
import { formatInstruction } from './prompts/json.ts';

/** What `response_format` asks for, where that is JSON. */
export interface ResponseFormat {
  /** Undefined: any object. */
  readonly schema: object | boolean | undefined;
}

/** Whether a `response_format` asks for more than text. */
export function asksForForm(format: unknown): boolean {
  return format !== undefined && format !== null && (format as { type?: unknown }).type !== 'text';
}

/**
 * @returns undefined: no JSON is asked for
 * @throws GatewayError `invalid_request` where the schema is none
 */
export function readResponseFormat(fields: Readonly<Record<string, unknown>>): ResponseFormat | undefined {
  const format = fields.response_format as
    | { type?: unknown; schema?: unknown; json_schema?: unknown }
    | undefined
    | null;
  if (format?.type !== 'json_object' && format?.type !== 'json_schema') return undefined;
  const named = format.json_schema as { schema?: unknown } | undefined | null;
  // Some servers take the schema right under `response_format`.
  const schema = named?.schema ?? format.schema;
  if (schema === undefined) return { schema: format.type === 'json_schema' ? true : undefined };
  const isSchema =
    typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null && !Array.isArray(schema));
  if (!isSchema) throw schemaError('must be a JSON schema, an object');
  return { schema };
}

export function schemaError(what: string): GatewayError {
  const message = `the schema of "response_format" ${what}`;
  return new GatewayError('invalid_request', message, { param: 'response_format' });
}

/** The fields of a call with an instruction in place of `response_format`; undefined: they ask for no JSON. */
export function withFormatInstruction(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const format = readResponseFormat(fields);
  if (format === undefined) return undefined;
  const { response_format, ...others } = fields;
  return { ...others, messages: withInstruction(fields.messages as readonly Message[], formatInstruction(format)) };
}

/** A 400 that is about `response_format`: its `param` is that, or its text speaks of it or of JSON schemas. */
export function refusesFormat(error: unknown): boolean {
  if (!(error instanceof GatewayError) || error.status !== 400) return false;
  const { upstreamError, message } = error;
  if (String(upstreamError?.param ?? '').startsWith('response_format')) return true;
  const text = String(upstreamError?.message ?? message);
  return /response[ _]format|json[ _](?:schema|object|mode)|structured[ _]outputs?|\bgrammar\b/i.test(text);
}
