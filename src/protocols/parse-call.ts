import { isUtf8 } from 'node:buffer';
import { JsonIndex } from '../bytes/json-index.ts';
import { JsonSyntaxError } from '../bytes/json-scanner.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Call } from '../types/call.ts';
import type { Protocol } from '../types/protocol.ts';

export interface CallInput {
  readonly id: string;
  readonly body: Buffer;
  readonly forwardHeaders: readonly string[];
  readonly signal: AbortSignal;
  readonly receivedAt: number;
  readonly deadlineAt?: number | undefined;
  readonly header?: Call['header'];
  readonly nice?: boolean;
}

const noHeader: Call['header'] = () => undefined;

/**
 * Reads of a request body what the gateway needs to know, without parsing the rest.
 * @throws GatewayError `invalid_json` or `invalid_request`
 */
export function parseCall(protocol: Protocol, input: CallInput): Call {
  const fields = readFields(input.body);
  const stream = protocol.generates && readStream(fields);
  checkPrompt(protocol, fields);
  return {
    id: input.id,
    protocol,
    model: readModel(fields),
    body: input.body,
    fields,
    stream,
    wantsUsage: stream && readWantsUsage(fields),
    forwardHeaders: input.forwardHeaders,
    header: input.header ?? noHeader,
    nice: input.nice ?? false,
    signal: input.signal,
    receivedAt: input.receivedAt,
    deadlineAt: input.deadlineAt,
  };
}

function readFields(body: Buffer): JsonIndex {
  if (body.length === 0) throw new GatewayError('invalid_json', 'the body is empty; send a JSON object');
  if (!isUtf8(body)) throw new GatewayError('invalid_json', 'the body is not valid UTF-8');
  let fields: JsonIndex;
  try {
    fields = JsonIndex.read(body);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new GatewayError('invalid_json', `the body is no JSON object: ${error.message}`);
  }
  if (fields.duplicate !== undefined) {
    throw invalid(fields.duplicate.slice(0, 100), 'stands in the body twice; backends differ in which one they take');
  }
  return fields;
}

function readModel(fields: JsonIndex): string {
  const model = fields.get('model');
  if (model === undefined || model === null) return '';
  if (typeof model !== 'string') throw invalid('model', 'must be a string');
  return model;
}

function readStream(fields: JsonIndex): boolean {
  const stream = fields.get('stream');
  if (stream === undefined || stream === null) return false;
  if (typeof stream !== 'boolean') throw invalid('stream', 'must be true or false');
  return stream;
}

function readWantsUsage(fields: JsonIndex): boolean {
  const options = fields.get('stream_options');
  if (options === undefined || options === null) return false;
  if (typeof options !== 'object' || Array.isArray(options)) throw invalid('stream_options', 'must be an object');
  return (options as Record<string, unknown>).include_usage === true;
}

function checkPrompt(protocol: Protocol, fields: JsonIndex): void {
  const name = protocol.promptField;
  const field = fields.find(name);
  if (field === undefined) {
    if (protocol.kind === 'completions') return; // a completion of nothing is legal
    throw invalid(name, 'is required');
  }
  const first = fields.bytes[field.start];
  const isList = first === 0x5b;
  if (protocol.kind === 'chat' ? isList : isList || first === 0x22) return;
  throw invalid(name, protocol.kind === 'chat' ? 'must be a list of messages' : 'must be a string or a list');
}

function invalid(param: string, what: string): GatewayError {
  return new GatewayError('invalid_request', `"${param}" ${what}`, { param });
}
