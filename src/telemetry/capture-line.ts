import type { WatchedHeaders, WireHeaders } from '../types/call-watch.ts';
import { learnTokens, presentedKeys } from './call-secrets.ts';
import { describeBody, type Mask } from './capture-body.ts';
import type { ObservedAttempt, ObservedCall, ObservedWire } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

const hiddenHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'set-cookie',
]);

/** One exchange as a line of a capture file, without its end; docs/capture.md says what stands in it. */
export function captureLine(call: ObservedCall, redactor: Redactor): string {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  const line = JSON.stringify(describeCall(call, redactor, undefined));
  // Nearly always there is nothing to mask, which one look at the whole line shows.
  if (!redactor.finds(line) && !presented.some((key) => line.includes(key))) return line;
  const mask: Mask = {
    text: (text) => redactor.mask(text, presented),
    spans: (text) => redactor.spans(text, presented),
  };
  return JSON.stringify(describeCall(call, redactor, mask));
}

function describeCall(call: ObservedCall, redactor: Redactor, mask: Mask): object {
  const { request, record } = call;
  return {
    v: 1,
    id: request.id,
    at: new Date(performance.timeOrigin + request.receivedAt).toISOString(),
    caller: record?.caller,
    protocol: record?.protocol,
    outcome: record?.outcome,
    code: record?.code,
    ms: round(call.endedAt - request.receivedAt),
    request: {
      method: request.method,
      path: masked(request.path, mask),
      headers: fromObject(request.headers(), mask),
      ...describeBody({ chunks: [request.body], bytes: request.body.length }, redactor, mask),
    },
    attempts: call.attempts.flatMap((attempt) =>
      attempt.wires.map((wire) => describeWire(call, attempt, wire, redactor, mask)),
    ),
    answer: describeAnswer(call, redactor, mask),
  };
}

function describeWire(
  call: ObservedCall,
  attempt: ObservedAttempt,
  wire: ObservedWire,
  redactor: Redactor,
  mask: Mask,
): object {
  const { request, body } = wire;
  const isClients = request.body === call.request.body || request.body.equals(call.request.body);
  const answer = {
    status: wire.status,
    ms: round(wire.headAt - call.request.receivedAt),
    headers: fromObject(wire.headers, mask),
    ...describeBody(body, redactor, mask, call.request.receivedAt, wire.headers['content-encoding']),
  };
  return {
    backend: attempt.target.backend,
    model: masked(attempt.target.model, mask),
    ms: round(wire.sentAt - call.request.receivedAt),
    request: {
      method: 'POST',
      url: masked(request.url, mask),
      headers: fromList(request.headers, request.hidden, mask),
      ...(isClients
        ? { body_as: 'request' }
        : describeBody({ chunks: [request.body], bytes: request.body.length }, redactor, mask)),
    },
    answer: wire.status === 0 ? undefined : answer,
    end: wire.closedAt === undefined ? 'open' : (wire.failure ?? 'whole'),
    end_ms: wire.closedAt === undefined ? undefined : round(wire.closedAt - call.request.receivedAt),
  };
}

function describeAnswer(call: ObservedCall, redactor: Redactor, mask: Mask): object | undefined {
  if (call.status === 0) return undefined;
  const last = call.attempts.at(-1)?.wires.at(-1)?.body;
  const isBackends = last !== undefined && last.bytes === call.answer.bytes && isSame(last.chunks, call.answer.chunks);
  return {
    status: call.status,
    headers: fromPairs(call.headers, mask),
    ...(isBackends && last.kept === last.bytes
      ? { body_as: 'answer' }
      : describeBody(call.answer, redactor, mask, call.request.receivedAt)),
  };
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length === other.length && one.every((chunk, index) => chunk === other[index])) return true;
  return Buffer.concat(one).equals(Buffer.concat(other));
}

type Headers = Record<string, string | string[]>;

function fromObject(headers: WireHeaders, mask: Mask): Headers {
  const shown: Headers = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    shown[name] = hiddenHeaders.has(name) ? '[secret]' : maskedValue(value, mask);
  }
  return shown;
}

function fromList(headers: readonly string[], hidden: ReadonlySet<string>, mask: Mask): Headers {
  const shown: Headers = {};
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase();
    const isHidden = hidden.has(name) || hiddenHeaders.has(name);
    shown[name] = isHidden ? '[secret]' : masked(headers[at + 1] as string, mask);
  }
  return shown;
}

function fromPairs(headers: WatchedHeaders, mask: Mask): Headers {
  const shown: Headers = {};
  for (const [name, value] of headers) shown[name] = hiddenHeaders.has(name) ? '[secret]' : masked(value, mask);
  return shown;
}

function maskedValue(value: string | string[], mask: Mask): string | string[] {
  return typeof value === 'string' ? masked(value, mask) : value.map((one) => masked(one, mask));
}

function masked(text: string, mask: Mask): string {
  return mask === undefined ? text : mask.text(text);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
