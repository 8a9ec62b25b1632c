import { learnTokens, presentedKeys } from './call-secrets.ts';
import { type Mask, writeBody } from './capture-body.ts';
import { HeaderMemory, listHeaders, objectHeaders, pairHeaders } from './capture-headers.ts';
import { hundredths, isoTime } from './capture-time.ts';
import { CaptureWriter } from './capture-writer.ts';
import type { ObservedAttempt, ObservedCall, ObservedWire } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

/** What writing a line needs. */
interface Tools {
  readonly writer: CaptureWriter;
  readonly redactor: Redactor;
  readonly mask: Mask;
}

const writer = new CaptureWriter();
const memories = {
  asked: new HeaderMemory(),
  sent: new HeaderMemory(),
  came: new HeaderMemory(),
  answered: new HeaderMemory(),
};

/**
 * One exchange as a line of a capture file, without its end; docs/capture.md says what stands in it.
 * @returns bytes that are overwritten by the next line
 */
export function captureLine(call: ObservedCall, redactor: Redactor): Buffer {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  const line = writeCall(call, { writer, redactor, mask: undefined });
  // Nearly always there is nothing to mask, which one look at the whole line shows.
  const mayHold = redactor.mayStandIn(line) && redactor.finds(line.toString());
  if (!mayHold && !presented.some((key) => line.includes(key))) return line;
  const mask = {
    text: (text: string) => redactor.mask(text, presented),
    spans: (text: string) => redactor.spans(text, presented),
  };
  return writeCall(call, { writer, redactor, mask });
}

function writeCall(call: ObservedCall, tools: Tools): Buffer {
  const { request, record, receivedAt } = call;
  const { mask } = tools;
  const head = `{"v":1,"id":${quote(request.id)},"at":"${isoTime(receivedAt)}","caller":${quote(record?.caller)},`;
  const outcome = `"protocol":${quote(record?.protocol)},"outcome":${quote(record?.outcome)},${codeField(record?.code)}`;
  const took = `"ms":${hundredths(call.endedAt - receivedAt)},`;
  const asked = `"request":{"method":${quote(request.method)},"path":${quote(masked(request.path, mask))},`;
  const headers = `"headers":${objectHeaders(request.headers(), memories.asked, mask)},`;
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
  const headers = listHeaders(request.headers, request.hidden, memories.sent, mask);
  const sent = `"ms":${hundredths(wire.sentAt - since)},"request":{"method":"POST","url":${url},"headers":${headers},`;
  writer.text(backend + sent);
  const isClients = request.body === call.request.body || request.body.equals(call.request.body);
  if (isClients) writer.text('"body_as":"request"');
  else writeBody(writer, request.body, tools);
  writer.text('},');
  if (wire.status !== 0) writeWireAnswer(wire, since, tools);
  writer.text(`${endFields(wire, since)}}`);
}

function writeWireAnswer(wire: ObservedWire, since: number, tools: Tools): void {
  const headers = objectHeaders(wire.headers, memories.came, tools.mask);
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
  const headers = pairHeaders(call.headers, memories.answered, tools.mask);
  writer.text(`,"answer":{"status":${call.status},"headers":${headers},`);
  const last = call.attempts.at(-1)?.wires.at(-1)?.body;
  const isBackends =
    last !== undefined && last.kept === last.bytes && last.bytes === answer.bytes && isSame(last.chunks, answer.chunks);
  if (isBackends) writer.text('"body_as":"answer"');
  else writeBody(writer, answer, { ...tools, since: call.receivedAt });
  writer.text('}');
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length === other.length && one.every((chunk, index) => chunk === other[index])) return true;
  return Buffer.concat(one).equals(Buffer.concat(other));
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
