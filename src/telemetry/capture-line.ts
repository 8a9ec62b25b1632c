import { isUtf8 } from 'node:buffer';
import { findChange } from '../bytes/bytes-change.ts';
import { learnTokens, presentedKeys } from './call-secrets.ts';
import { captureBodyBytes, type Mask, writeBody } from './capture-body.ts';
import { HeaderWriter, listHeaders, objectHeaders, pairHeaders } from './capture-headers.ts';
import { hundredths, isoTime } from './capture-time.ts';
import { CaptureWriter, type LineRoom } from './capture-writer.ts';
import type { ObservedAttempt, ObservedCall, ObservedWire } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

/** What writing a line needs. */
interface Tools {
  readonly writer: CaptureWriter;
  readonly redactor: Redactor;
  readonly mask: Mask;
  /** Keys that the client sent and that are known to nobody. */
  readonly presented: readonly string[];
}

const writer = new CaptureWriter();
const headerWriters = {
  asked: new HeaderWriter(),
  sent: new HeaderWriter(),
  came: new HeaderWriter(),
  answered: new HeaderWriter(),
};

/**
 * One exchange as a line of a capture file, without its end; docs/capture.md says what stands in it.
 * @param room where it is put if there is enough
 */
export function captureLine(call: ObservedCall, redactor: Redactor, room: LineRoom): Buffer {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  const tools = { writer, redactor, presented };
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
  const head = `{"v":2,"id":${quote(request.id)},"at":"${isoTime(receivedAt)}","caller":${quote(record?.caller)},`;
  const outcome = `"protocol":${quote(record?.protocol)},"outcome":${quote(record?.outcome)},${codeField(record?.code)}`;
  const took = `"ms":${hundredths(call.endedAt - receivedAt)},`;
  const asked = `"request":{"method":${quote(request.method)},"path":${quote(masked(request.path, mask))},`;
  const headers = `"headers":${objectHeaders(request.headers(), headerWriters.asked, mask)},`;
  tools.writer.text(head + outcome + took + asked + headers);
  writeBody(tools.writer, request.body, tools);
  tools.writer.text('},"attempts":[');
  let isFirst = true;
  for (const attempt of call.attempts) {
    for (const wire of attempt.wires) {
      if (!isFirst) tools.writer.text(',');
      isFirst = false;
      writeWire(call, attempt, wire, tools);
    }
  }
  tools.writer.text(']');
  writeAnswer(call, tools);
  tools.writer.text('}');
  return tools.writer.end();
}

function writeWire(call: ObservedCall, { target }: ObservedAttempt, wire: ObservedWire, tools: Tools): void {
  const { request } = wire;
  const { writer, mask } = tools;
  const since = call.receivedAt;
  const backend = `{"backend":${quote(target.backend)},"model":${quote(masked(target.model, mask))},`;
  const url = quote(masked(request.url, mask));
  const headers = listHeaders(request.headers, request.hidden, headerWriters.sent, mask);
  const sent = `"ms":${hundredths(wire.sentAt - since)},"request":{"method":"POST","url":${url},"headers":${headers},`;
  writer.text(backend + sent);
  if (!writeLike(call.request.body, request.body, 'request', tools)) writeBody(writer, request.body, tools);
  writer.text('},');
  if (wire.status !== 0) writeWireAnswer(wire, since, tools);
  writer.text(`${endFields(wire, since)}}`);
}

function writeWireAnswer(wire: ObservedWire, since: number, tools: Tools): void {
  const headers = objectHeaders(wire.headers, headerWriters.came, tools.mask);
  tools.writer.text(`"answer":{"status":${wire.status},"ms":${hundredths(wire.headAt - since)},"headers":${headers},`);
  writeBody(tools.writer, wire.body, { ...tools, since, encoding: wire.headers['content-encoding'] });
  tools.writer.text('},');
}

function endFields({ closedAt, failure }: ObservedWire, since: number): string {
  if (closedAt === undefined) return '"end":"open"';
  return `"end":"${failure ?? 'whole'}","end_ms":${hundredths(closedAt - since)}`;
}

function writeAnswer(call: ObservedCall, tools: Tools): void {
  if (call.status === 0) return;
  const { answer } = call;
  const { writer } = tools;
  const headers = pairHeaders(call.headers, headerWriters.answered, tools.mask);
  writer.text(`,"answer":{"status":${call.status},"headers":${headers},`);
  const last = call.attempts.at(-1)?.wires.at(-1)?.body;
  const isLike =
    last !== undefined &&
    last.kept === last.bytes &&
    answer.kept === answer.bytes &&
    // The times of several pieces are worth more than a shorter line.
    (answer.chunks.length === 1 || answer.bytes === last.bytes) &&
    writeLike(last.join(), answer.join(), 'answer', tools);
  if (!isLike) writeBody(writer, answer, { ...tools, since: call.receivedAt });
  writer.text('}');
}

/**
 * Writes a body that is nearly the same as another one by what differs. Returns false, and writes nothing, where that
 * would tell less or be no shorter.
 */
function writeLike(other: Buffer, body: Buffer, name: 'request' | 'answer', tools: Tools): boolean {
  const { writer, redactor, mask, presented } = tools;
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

function codeField(code: string | undefined): string {
  return code === undefined ? '' : `"code":${quote(code)},`;
}

const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(text = ''): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text);
}

function masked(text: string, mask: Mask): string {
  return mask === undefined ? text : mask.text(text);
}
