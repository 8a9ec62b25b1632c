import type { UsageRecord } from '../types/usage-record.ts';
import { answeredModel } from './answered-model.ts';
import type { JsonWriter } from './json-writer.ts';
import type { ObservedAttempt, ObservedCall } from './observed-call.ts';
import type { CallTrace } from './trace-context.ts';
import { callFacts, targetFacts } from './trace-facts.ts';
import { writeNanoseconds } from './trace-json.ts';
import { names, operations } from './trace-names.ts';

const maximumName = 256;

/** How many spans a call has: one of each try, and one of the call itself. */
export function countSpans({ trace, record, attempts }: ObservedCall): number {
  return trace === undefined || record === undefined ? 0 : attempts.length + 1;
}

/**
 * Writes one of the spans of a call that is over, as OTLP's JSON: those of its tries come first. They hold nothing of
 * prompts, answers or a backend's words.
 * @param offset what turns `performance.now()` into milliseconds since 1970
 */
export function writeSpan(call: ObservedCall, index: number, offset: number, writer: JsonWriter): void {
  const { trace, record, attempts } = call;
  if (trace === undefined || record === undefined) throw new Error('a call that is not traced has no spans');
  const operation = operations[record.protocol] ?? record.protocol;
  const attempt = attempts[index];
  if (attempt === undefined) writeServerSpan(call, record, trace, operation, offset, writer);
  else writeAttemptSpan(call, attempt, index, trace, operation, offset, writer);
}

interface SpanFacts {
  readonly trace: CallTrace;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Writes what a span begins with, to before its name. */
function beginSpan({ trace, spanId, parentSpanId, startedAt, endedAt }: SpanFacts, writer: JsonWriter): void {
  writer.text('{"traceId":"');
  writer.text(trace.traceId);
  writer.text('","spanId":"');
  writer.text(spanId);
  if (parentSpanId !== undefined) {
    writer.text('","parentSpanId":"');
    writer.text(parentSpanId);
  }
  if (trace.state !== undefined) {
    writer.text('","traceState":');
    writer.quoted(trace.state);
    writer.text(',"startTimeUnixNano":"');
  } else {
    writer.text('","startTimeUnixNano":"');
  }
  writeNanoseconds(startedAt, writer);
  writer.text('","endTimeUnixNano":"');
  writeNanoseconds(endedAt, writer);
  writer.text('"');
}

/** @param isRemoteChild whether the parent is another process' span */
function endSpan(failed: boolean, isRemoteChild: boolean, writer: JsonWriter): void {
  writer.text(failed ? '],"status":{"code":2},"flags":' : '],"status":{"code":0},"flags":');
  // Bit 0: sampled; bit 8: it is known whether the parent is remote; bit 9: it is.
  writer.text(isRemoteChild ? String(0x301) : String(0x101));
  writer.text('}');
}

function writeServerSpan(
  call: ObservedCall,
  record: UsageRecord,
  trace: CallTrace,
  operation: string,
  offset: number,
  writer: JsonWriter,
): void {
  const { method, path, id, receivedAt } = call.request;
  const parentSpanId = trace.parent?.spanId;
  const times = { startedAt: receivedAt + offset, endedAt: call.endedAt + offset };
  beginSpan({ trace, spanId: trace.spanId, parentSpanId, ...times }, writer);
  writer.bytes(callFacts.of(record.asked.slice(0, maximumName), method, path, operation, record.caller));
  writeNumber(names.status, record.status, writer);
  writeText(names.requestId, id, writer);
  if (record.code !== undefined) writeText(names.error, record.code, writer);
  endSpan(record.status >= 500 || record.outcome === 'broken', parentSpanId !== undefined, writer);
}

function writeAttemptSpan(
  call: ObservedCall,
  attempt: ObservedAttempt,
  index: number,
  trace: CallTrace,
  operation: string,
  offset: number,
  writer: JsonWriter,
): void {
  const { target, wires } = attempt;
  const isLast = index === call.attempts.length - 1;
  const wire = wires.at(-1);
  const error = attempt.code ?? (isLast && call.record?.outcome === 'broken' ? call.record.code : undefined);
  const endedAt = (attempt.failedAt ?? wire?.closedAt ?? call.endedAt) + offset;
  const times = { startedAt: attempt.startedAt + offset, endedAt };
  beginSpan({ trace, spanId: attempt.spanId ?? '', parentSpanId: trace.spanId, ...times }, writer);
  const model = target.model.slice(0, maximumName);
  writer.bytes(targetFacts.of(model, operation, target.backend, target.type, target.baseUrl));
  if (index > 0) writeNumber(names.resend, index, writer);
  if (wire !== undefined && wire.status > 0) writeNumber(names.status, wire.status, writer);
  if (error !== undefined) writeText(names.error, error, writer);
  else if (isLast) writeAnswerAttributes(attempt, call.record, writer);
  endSpan(error !== undefined, false, writer);
}

function writeAnswerAttributes(attempt: ObservedAttempt, record: UsageRecord | undefined, writer: JsonWriter): void {
  const first = attempt.wires.at(-1)?.body.chunks[0];
  const model = first === undefined ? undefined : answeredModel(first);
  const usage = record?.usage;
  if (model !== undefined) writeText(names.responseModel, model, writer);
  if (usage?.promptTokens !== undefined) writeNumber(names.inputTokens, usage.promptTokens, writer);
  if (usage?.completionTokens !== undefined) writeNumber(names.outputTokens, usage.completionTokens, writer);
  if (usage?.cachedTokens !== undefined) writeNumber(names.cachedTokens, usage.cachedTokens, writer);
}

/** Writes one more attribute that is a whole number. */
function writeNumber(name: string, value: number, writer: JsonWriter): void {
  writer.text(',{"key":"');
  writer.text(name);
  writer.text('","value":{"intValue":');
  writer.text(String(value));
  writer.text('}}');
}

/** Writes one more attribute that is a text. */
function writeText(name: string, value: string, writer: JsonWriter): void {
  writer.text(',{"key":"');
  writer.text(name);
  writer.text('","value":{"stringValue":');
  writer.quoted(value);
  writer.text('}}');
}
