import { JsonIndex } from '../bytes/json-index.ts';
import { applySplices, type Splice } from '../bytes/splice.ts';
import type { Call } from '../types/call.ts';

/** The same call with some of its fields set, as if the client had sent them so. */
export function overrideFields(call: Call, parameters: ReadonlyMap<string, string>): Call {
  if (parameters.size === 0 || !call.protocol.generates) return call;
  const splices: Splice[] = [];
  let added = '';
  for (const [name, text] of parameters) {
    const field = call.fields.find(name);
    if (field === undefined) added += `,${JSON.stringify(name)}:${text}`;
    else splices.push({ start: field.start, end: field.end, text });
  }
  const last = call.fields.fields.at(-1);
  const at = last?.end ?? call.fields.close;
  if (added !== '') splices.push({ start: at, end: at, text: last === undefined ? added.slice(1) : added });
  splices.sort((a, b) => a.start - b.start);
  const body = applySplices(call.body, splices);
  return { ...call, body, fields: JsonIndex.read(body) };
}
