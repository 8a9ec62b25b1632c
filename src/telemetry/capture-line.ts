import { learnTokens, presentedKeys } from './call-secrets.ts';
import { bodyFields, type Mask } from './capture-body.ts';
import { listHeaders, objectHeaders, pairHeaders } from './capture-headers.ts';
import type { ObservedAttempt, ObservedCall, ObservedWire } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

/** One exchange as a line of a capture file, without its end; docs/capture.md says what stands in it. */
export function captureLine(call: ObservedCall, redactor: Redactor): string {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  const line = writeCall(call, redactor, undefined);
  // Nearly always there is nothing to mask, which one look at the whole line shows.
  if (!redactor.finds(line) && !presented.some((key) => line.includes(key))) return line;
  return writeCall(call, redactor, {
    text: (text) => redactor.mask(text, presented),
    spans: (text) => redactor.spans(text, presented),
  });
}

function writeCall(call: ObservedCall, redactor: Redactor, mask: Mask): string {
  const { request, record, receivedAt } = call;
  const { body } = request;
  const head = `{"v":1,"id":${quote(request.id)},"at":"${isoTime(receivedAt)}","caller":${quote(record?.caller)},`;
  const outcome = `"protocol":${quote(record?.protocol)},"outcome":${quote(record?.outcome)},${codeField(record?.code)}`;
  const asked = `"request":{"method":${quote(request.method)},"path":${quote(masked(request.path, mask))},`;
  const sent = `"headers":${objectHeaders(request.headers(), mask)},${bodyFields(body, { redactor, mask })}},`;
  let attempts = '';
  for (const attempt of call.attempts) {
    for (const wire of attempt.wires) {
      attempts += (attempts === '' ? '' : ',') + writeWire(call, attempt, wire, redactor, mask);
    }
  }
  const got = writeAnswer(call, redactor, mask);
  return `${head + outcome}"ms":${round(call.endedAt - receivedAt)},${asked}${sent}"attempts":[${attempts}]${got}}`;
}

function writeWire(
  call: ObservedCall,
  attempt: ObservedAttempt,
  wire: ObservedWire,
  redactor: Redactor,
  mask: Mask,
): string {
  const { request } = wire;
  const since = call.receivedAt;
  const isClients = request.body === call.request.body || request.body.equals(call.request.body);
  const body = isClients ? '"body_as":"request"' : bodyFields(request.body, { redactor, mask });
  const target = `{"backend":${quote(attempt.target.backend)},"model":${quote(masked(attempt.target.model, mask))},`;
  const url = quote(masked(request.url, mask));
  const headers = listHeaders(request.headers, request.hidden, mask);
  const sent = `"ms":${round(wire.sentAt - since)},"request":{"method":"POST","url":${url},"headers":${headers},${body}},`;
  return `${target}${sent}${writeWireAnswer(wire, since, redactor, mask)}${writeEnd(wire, since)}}`;
}

function writeWireAnswer(wire: ObservedWire, since: number, redactor: Redactor, mask: Mask): string {
  if (wire.status === 0) return '';
  const encoding = wire.headers['content-encoding'];
  const body = bodyFields(wire.body, { redactor, mask, since, encoding });
  const headers = objectHeaders(wire.headers, mask);
  return `"answer":{"status":${wire.status},"ms":${round(wire.headAt - since)},"headers":${headers},${body}},`;
}

function writeEnd({ closedAt, failure }: ObservedWire, since: number): string {
  if (closedAt === undefined) return '"end":"open"';
  return `"end":"${failure ?? 'whole'}","end_ms":${round(closedAt - since)}`;
}

function writeAnswer(call: ObservedCall, redactor: Redactor, mask: Mask): string {
  if (call.status === 0) return '';
  const { answer } = call;
  const last = call.attempts.at(-1)?.wires.at(-1)?.body;
  const isBackends =
    last !== undefined && last.kept === last.bytes && last.bytes === answer.bytes && isSame(last.chunks, answer.chunks);
  const body = isBackends ? '"body_as":"answer"' : bodyFields(answer, { redactor, mask, since: call.receivedAt });
  return `,"answer":{"status":${call.status},"headers":${pairHeaders(call.headers, mask)},${body}}`;
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length === other.length && one.every((chunk, index) => chunk === other[index])) return true;
  return Buffer.concat(one).equals(Buffer.concat(other));
}

function codeField(code: string | undefined): string {
  return code === undefined ? '' : `"code":${quote(code)},`;
}

function quote(text: string | undefined): string {
  return JSON.stringify(text ?? '');
}

function masked(text: string, mask: Mask): string {
  return mask === undefined ? text : mask.text(text);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

let lastTime = 0;
let lastText = '';

/** Many calls come in one millisecond, and writing it out costs as much as a good part of a line. */
function isoTime(at: number): string {
  const time = Math.floor(performance.timeOrigin + at);
  if (time !== lastTime) {
    lastTime = time;
    lastText = new Date(time).toISOString();
  }
  return lastText;
}
