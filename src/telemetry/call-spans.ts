import type { UsageRecord } from '../types/usage-record.ts';
import { spanKind } from './finished-span.ts';
import type { ObservedAttempt, ObservedCall } from './observed-call.ts';
import type { CallTrace } from './trace-context.ts';
import { callFacts, targetFacts } from './trace-facts.ts';
import { attribute, nanoseconds, quoteAscii } from './trace-json.ts';
import { names, operations } from './trace-names.ts';

const maximumName = 256;

/**
 * The spans of a call that is over, as OTLP's JSON: one of each try, and one of the call itself. They hold nothing of
 * prompts, answers or a backend's words.
 * @param offset what turns `performance.now()` into milliseconds since 1970
 */
export function callSpans(call: ObservedCall, offset: number): string[] {
  const { trace, record, attempts } = call;
  if (trace === undefined || record === undefined) return [];
  const operation = operations[record.protocol] ?? record.protocol;
  const spans: string[] = [];
  for (let index = 0; index < attempts.length; index++) {
    spans.push(attemptSpan(call, attempts[index] as ObservedAttempt, index, trace, operation, offset));
  }
  spans.push(serverSpan(call, record, trace, operation, offset));
  return spans;
}

interface SpanFacts {
  readonly trace: CallTrace;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether the parent is another process' span. */
  readonly isRemoteChild: boolean;
  /** As JSON. */
  readonly name: string;
  /** As in OpenTelemetry's API, where they count from 0. */
  readonly kind: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: string;
  readonly failed: boolean;
}

function spanText(span: SpanFacts): string {
  const { traceId, state } = span.trace;
  const parent = span.parentSpanId === undefined ? '' : `,"parentSpanId":"${span.parentSpanId}"`;
  const ids = `{"traceId":"${traceId}","spanId":"${span.spanId}"${parent}`;
  const stateField = state === undefined ? '' : `,"traceState":${quoteAscii(state)}`;
  const times = `"startTimeUnixNano":"${nanoseconds(span.startedAt)}","endTimeUnixNano":"${nanoseconds(span.endedAt)}"`;
  const what = `${ids}${stateField},"name":${span.name},"kind":${span.kind + 1},${times}`;
  // Bit 0: sampled; bit 8: it is known whether the parent is remote; bit 9: it is.
  const flags = span.isRemoteChild && span.parentSpanId !== undefined ? 0x301 : 0x101;
  return `${what},"attributes":[${span.attributes}],"status":{"code":${span.failed ? 2 : 0}},"flags":${flags}}`;
}

function serverSpan(
  call: ObservedCall,
  record: UsageRecord,
  trace: CallTrace,
  operation: string,
  offset: number,
): string {
  const { method, path, id, receivedAt } = call.request;
  const facts = callFacts({
    method,
    path,
    operation,
    asked: record.asked.slice(0, maximumName),
    caller: record.caller,
  });
  const own = `,${numberAttribute(names.status, record.status)},${attribute(names.requestId, id)}`;
  const error = record.code === undefined ? '' : `,${attribute(names.error, record.code)}`;
  return spanText({
    name: facts.name,
    kind: spanKind.server,
    trace,
    spanId: trace.spanId,
    parentSpanId: trace.parent?.spanId,
    isRemoteChild: true,
    startedAt: receivedAt + offset,
    endedAt: call.endedAt + offset,
    attributes: facts.attributes + own + error,
    failed: record.status >= 500 || record.outcome === 'broken',
  });
}

function attemptSpan(
  call: ObservedCall,
  attempt: ObservedAttempt,
  index: number,
  trace: CallTrace,
  operation: string,
  offset: number,
): string {
  const { target, wires } = attempt;
  const isLast = index === call.attempts.length - 1;
  const wire = wires.at(-1);
  const error = attempt.code ?? (isLast && call.record?.outcome === 'broken' ? call.record.code : undefined);
  const facts = targetFacts({
    operation,
    backend: target.backend,
    type: target.type,
    baseUrl: target.baseUrl,
    model: target.model.slice(0, maximumName),
  });
  let { attributes } = facts;
  if (index > 0) attributes += `,${numberAttribute(names.resend, index)}`;
  if (wire !== undefined && wire.status > 0) attributes += `,${numberAttribute(names.status, wire.status)}`;
  if (error !== undefined) attributes += `,${attribute(names.error, error)}`;
  else if (isLast) attributes += answerAttributes(attempt, call.record);
  return spanText({
    name: facts.name,
    kind: spanKind.client,
    trace,
    spanId: attempt.spanId ?? '',
    parentSpanId: trace.spanId,
    isRemoteChild: false,
    startedAt: attempt.startedAt + offset,
    endedAt: (attempt.failedAt ?? wire?.closedAt ?? call.endedAt) + offset,
    attributes,
    failed: error !== undefined,
  });
}

function answerAttributes(attempt: ObservedAttempt, record: UsageRecord | undefined): string {
  const model = answeredModel(attempt);
  const usage = record?.usage;
  let text = model === undefined ? '' : `,${attribute(names.responseModel, model)}`;
  if (usage?.promptTokens !== undefined) text += `,${numberAttribute(names.inputTokens, usage.promptTokens)}`;
  if (usage?.completionTokens !== undefined) text += `,${numberAttribute(names.outputTokens, usage.completionTokens)}`;
  if (usage?.cachedTokens !== undefined) text += `,${numberAttribute(names.cachedTokens, usage.cachedTokens)}`;
  return text;
}

const answerHeadBytes = 512;
const modelField = /"model"\s*:\s*"([^"\\]{1,256})"/;

/** The model that an answer names at its beginning. */
function answeredModel(attempt: ObservedAttempt): string | undefined {
  const first = attempt.wires.at(-1)?.body.chunks[0];
  if (first === undefined) return undefined;
  const text = first.toString('latin1', 0, answerHeadBytes);
  // Whatever stands within the texts of an answer is behind its choices.
  const choices = text.indexOf('"choices"');
  const head = choices < 0 ? text : text.slice(0, choices);
  return modelField.exec(head)?.[1];
}

/** An attribute that is a whole number. */
function numberAttribute(name: string, value: number): string {
  return `{"key":"${name}","value":{"intValue":${value}}}`;
}
