import { type JsonField, JsonIndex } from '../bytes/json-index.ts';
import { applySplices } from '../bytes/splice.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Call } from '../types/call.ts';

/** An approach as a request itself asks for it. */
export interface AskedApproach {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly budget: Readonly<Record<string, unknown>>;
}

const fieldNames = ['headrace_approach', 'optillm_approach'] as const;
const headerName = 'x-headrace-approach';

/**
 * What a request asks for in its body, else in its header; undefined: nothing.
 * @throws GatewayError `invalid_request`
 */
export function readAskedApproach(call: Call): AskedApproach | undefined {
  const [own, other] = fieldNames.map((name) => readField(call, name));
  if (own !== undefined && other !== undefined && JSON.stringify(own) !== JSON.stringify(other)) {
    throw invalid(`"${fieldNames[0]}" and "${fieldNames[1]}" ask for different things; send one of them`);
  }
  const inBody = own ?? other;
  if (inBody !== undefined) return inBody;
  const header = call.header(headerName)?.trim();
  return header === undefined || header === '' ? undefined : { name: header, parameters: {}, budget: {} };
}

/** The same call without the fields that are the gateway's own, which never go upstream. */
export function withoutOwnFields(call: Call): Call {
  const own = fieldNames.map((name) => call.fields.find(name)).find((field) => field !== undefined);
  if (own === undefined) return call;
  const body = applySplices(call.body, [{ ...spanOf(own, call), text: '' }]);
  return withoutOwnFields({ ...call, body, fields: JsonIndex.read(body) });
}

/** A field with its key and one of the commas around it. */
function spanOf(field: JsonField, { fields, body }: Call): { start: number; end: number } {
  const all = fields.fields;
  const at = all.indexOf(field);
  const before = all[at - 1];
  if (before !== undefined) return { start: before.end, end: field.end };
  const after = all[at + 1];
  const start = body.indexOf(0x7b) + 1;
  if (after === undefined) return { start, end: field.end };
  // The comma behind it goes too; what stands between the two is white space and that comma.
  return { start, end: body.indexOf(0x2c, field.end) + 1 };
}

function readField(call: Call, name: string): AskedApproach | undefined {
  const value = call.fields.get(name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return { name: value, parameters: {}, budget: {} };
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(`"${name}" must be a name or an object`, name);
  const { name: asked, parameters = {}, budget = {}, ...rest } = value as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw invalid(`"${name}" has no field "${unknown}"; it has name, parameters and budget`, name);
  if (typeof asked !== 'string') throw invalid(`"${name}.name" must be the name of an approach`, name);
  if (!isRecord(parameters) || !isRecord(budget)) {
    throw invalid(`"parameters" and "budget" of "${name}" must be objects`, name);
  }
  return { name: asked, parameters, budget };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, param?: string): GatewayError {
  return new GatewayError('invalid_request', message, param === undefined ? {} : { param });
}
