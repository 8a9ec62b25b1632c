import { JsonIndex } from '../bytes/json-index.ts';
import { applySplices, type Splice } from '../bytes/splice.ts';
import type { FittedCall } from '../types/call.ts';

/**
 * The body as it goes upstream: the client's bytes, but for the value of `model`, the defaults of absent parameters, and
 * in streams the wish for usage, which the gateway needs.
 */
export function encodeBody(call: FittedCall, model: string): Buffer {
  const { fields } = call;
  const splices: Splice[] = [];
  const added: string[] = [];
  const text = JSON.stringify(model);
  const field = fields.find('model');
  if (field === undefined) added.push(`"model":${text}`);
  else if (call.model !== model || call.model === '') splices.push({ start: field.start, end: field.end, text });
  if (call.stream && !call.wantsUsage) askForUsage(fields, splices, added);
  for (const [name, value] of call.defaults) added.push(`${JSON.stringify(name)}:${value}`);
  if (added.length > 0) splices.push({ ...insertion(fields), text: insertedText(fields, added) });
  splices.sort((a, b) => a.start - b.start);
  return applySplices(call.body, splices);
}

function askForUsage(fields: JsonIndex, splices: Splice[], added: string[]): void {
  const options = fields.find('stream_options');
  if (options === undefined) {
    added.push('"stream_options":{"include_usage":true}');
    return;
  }
  const bytes = fields.bytes.subarray(options.start, options.end);
  if (bytes[0] !== 0x7b) {
    splices.push({ start: options.start, end: options.end, text: '{"include_usage":true}' });
    return;
  }
  const inner = JsonIndex.read(bytes);
  const flag = inner.find('include_usage');
  if (flag === undefined) {
    const at = options.start + inner.close;
    splices.push({ start: at, end: at, text: `${inner.fields.length > 0 ? ',' : ''}"include_usage":true` });
  } else {
    splices.push({ start: options.start + flag.start, end: options.start + flag.end, text: 'true' });
  }
}

/** Behind the last field, so that no white space is disturbed. */
function insertion(fields: JsonIndex): { start: number; end: number } {
  const last = fields.fields[fields.fields.length - 1];
  const at = last === undefined ? fields.close : last.end;
  return { start: at, end: at };
}

function insertedText(fields: JsonIndex, added: readonly string[]): string {
  return (fields.fields.length > 0 ? ',' : '') + added.join(',');
}
