import { isUtf8 } from 'node:buffer';
import { findChange } from '../bytes/bytes-change.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { learnTokens, presentedKeys } from './call-secrets.ts';
import { captureBodyBytes, type Mask, masked, writeBody } from './capture-body.ts';
import { HeaderWriter, listHeaders, objectHeaders, pairHeaders } from './capture-headers.ts';
import { hundredths, isoTime } from './capture-time.ts';
import { JsonWriter, type Room } from './json-writer.ts';
import type { ObservedAttempt, ObservedCall, ObservedWire } from './observed-call.ts';
import type { Redactor } from './redactor.ts';
import { RememberedBytes } from './remembered-bytes.ts';

/** What writing a line needs. */
interface Tools {
  readonly redactor: Redactor;
  readonly mask: Mask;
  /** Keys that the client sent and that are known to nobody. */
  readonly presented: readonly string[];
}

const writer = new JsonWriter();
const headerWriters = {
  asked: new HeaderWriter(writer),
  sent: new HeaderWriter(writer),
  came: new HeaderWriter(writer),
  answered: new HeaderWriter(writer),
};
/** What stands between the parts that are others in every line. */
const between = {
  timeAndTook: new RememberedBytes(
    (caller: string, protocol: string, outcome: string, code: string) =>
      `","caller":${quote(caller)},"protocol":${quote(protocol)},"outcome":${quote(outcome)},${codeField(code)}"ms":`,
  ),
  tookAndHeaders: new RememberedBytes(
    (path: string, method: string) => `,"request":{"method":${quote(method)},"path":${quote(path)},"headers":`,
  ),
  beginAndSent: new RememberedBytes(
    (model: string, backend: string) => `{"backend":${quote(backend)},"model":${quote(model)},"ms":`,
  ),
  sentAndHeaders: new RememberedBytes((url: string) => `,"request":{"method":"POST","url":${quote(url)},"headers":`),
};

/**
 * One exchange as a line of a capture file, without its end; docs/capture.md says what stands in it.
 * @param room where it is put if there is enough
 */
export function captureLine(call: ObservedCall, redactor: Redactor, room: Room): Buffer {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  const tools = { redactor, presented };
  writer.begin(room);
  const line = writeCall(call, { ...tools, mask: undefined });
  // Nearly always there is nothing to mask, which one look at the whole line shows.
  if (!holdsSecret(line, redactor, presented)) return line;
  const mask = {
    text: (text: string) => redactor.mask(text, presented),
    spans: (text: string) => redactor.spans(text, presented),
  };
  writer.begin(room);
  return writeCall(call, { ...tools, mask });
}

function holdsSecret(bytes: Buffer, redactor: Redactor, presented: readonly string[]): boolean {
  const mayHold = redactor.mayStandIn(bytes) && redactor.finds(bytes.toString());
  return mayHold || presented.some((key) => bytes.includes(key));
}

function writeCall(call: ObservedCall, tools: Tools): Buffer {
  const { request, record, receivedAt } = call;
  const { mask } = tools;
  writer.text('{"v":3,"id":');
  writer.quoted(request.id);
  writer.text(',"at":"');
  writer.text(isoTime(receivedAt));
  writer.bytes(timeAndTook(record));
  writer.text(hundredths(call.endedAt - receivedAt));
  writer.bytes(between.tookAndHeaders.of(masked(request.path, mask), request.method));
  objectHeaders(request.headers(), headerWriters.asked, mask);
  writer.text(',');
  writeBody(writer, request.body, { ...tools, isJson: call.attempts.length > 0 });
  writer.text('},"attempts":[');
  let isFirst = true;
  for (const attempt of call.attempts) {
    for (const wire of attempt.wires) {
      if (!isFirst) writer.text(',');
      isFirst = false;
      writeWire(call, attempt, wire, tools);
    }
  }
  writer.text(']');
  writeAnswer(call, tools);
  writer.text('}');
  return writer.end();
}

function timeAndTook(record: UsageRecord | undefined): Buffer {
  return between.timeAndTook.of(
    record?.caller ?? '',
    record?.protocol ?? '',
    record?.outcome ?? '',
    record?.code ?? '',
  );
}

function writeWire(call: ObservedCall, { target }: ObservedAttempt, wire: ObservedWire, tools: Tools): void {
  const { request } = wire;
  const { mask } = tools;
  const since = call.receivedAt;
  writer.bytes(between.beginAndSent.of(masked(target.model, mask), target.backend));
  writer.text(hundredths(wire.sentAt - since));
  writer.bytes(between.sentAndHeaders.of(masked(request.url, mask)));
  listHeaders(request.headers, request.hidden, headerWriters.sent, mask);
  writer.text(',');
  if (!writeLike(call.request.body, request.body, 'request', tools)) {
    writeBody(writer, request.body, { ...tools, isJson: true }); // the gateway made it
  }
  writer.text('},');
  if (wire.status !== 0) writeWireAnswer(wire, since, tools);
  writeEnd(wire, since);
}

function writeWireAnswer(wire: ObservedWire, since: number, tools: Tools): void {
  writeStatus('"answer":{"status":', wire.status);
  writer.text(',"ms":');
  writer.text(hundredths(wire.headAt - since));
  writer.text(',"headers":');
  objectHeaders(wire.headers, headerWriters.came, tools.mask);
  writer.text(',');
  writeBody(writer, wire.body, { ...tools, since, isJson: wire.isJson, encoding: wire.headers['content-encoding'] });
  writer.text('},');
}

function writeStatus(before: string, status: number): void {
  writer.text(before);
  writer.text(String(status));
}

function writeEnd({ closedAt, failure }: ObservedWire, since: number): void {
  if (closedAt === undefined) {
    writer.text('"end":"open"}');
    return;
  }
  writer.text('"end":');
  writer.quoted(failure ?? 'whole');
  writer.text(',"end_ms":');
  writer.text(hundredths(closedAt - since));
  writer.text('}');
}

function writeAnswer(call: ObservedCall, tools: Tools): void {
  if (call.status === 0) return;
  const { answer } = call;
  writeStatus(',"answer":{"status":', call.status);
  writer.text(',"headers":');
  pairHeaders(call.headers, headerWriters.answered, tools.mask);
  writer.text(',');
  const last = call.attempts.at(-1)?.wires.at(-1)?.body;
  const isLike =
    last !== undefined &&
    last.kept === last.bytes &&
    answer.kept === answer.bytes &&
    // The times of several pieces are worth more than a shorter line.
    (answer.chunks.length === 1 || answer.bytes === last.bytes) &&
    writeLike(last.join(), answer.join(), 'answer', tools);
  if (!isLike) writeBody(writer, answer, { ...tools, since: call.receivedAt, isJson: false });
  writer.text('}');
}

/**
 * Writes a body that is nearly the same as another one by what differs. Returns false, and writes nothing, where that
 * would tell less or be no shorter.
 */
function writeLike(other: Buffer, body: Buffer, name: 'request' | 'answer', tools: Tools): boolean {
  const { redactor, mask, presented } = tools;
  if (body.equals(other)) {
    writer.text(`"body_as":"${name}"`);
    return true;
  }
  if (mask !== undefined || other.length > captureBodyBytes) return false; // its places are others, or not all there
  const { at, was, is } = findChange(other, body);
  const before = other.subarray(at, at + was);
  const after = body.subarray(at, at + is);
  // A secret may begin in what both have alike.
  if (was + is > body.length / 4 || holdsSecret(body, redactor, presented)) return false;
  if (!isUtf8(other) || !isUtf8(after)) return false;
  writer.text(`"body_as":"${name}","changed":{"at":${at},"was":${quote(`${before}`)},"is":${quote(`${after}`)}}`);
  return true;
}

function codeField(code: string): string {
  return code === '' ? '' : `"code":${quote(code)},`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
