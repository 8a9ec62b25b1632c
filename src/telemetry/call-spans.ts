import type { UsageRecord } from '../types/usage-record.ts';
import { FinishedSpan, type SpanOrigin, type SpanTime, type SpanValue, spanKind } from './finished-span.ts';
import type { ObservedAttempt, ObservedCall } from './observed-call.ts';
import type { CallTrace } from './trace-context.ts';
import { names, operations, providers } from './trace-names.ts';

/** Longer names of models, which clients make up, are cut. */
const maximumName = 256;

/**
 * The spans of a call that is over: one of the call itself, and one of each try. They hold nothing of prompts, answers
 * or a backend's words.
 * @param offset what turns `performance.now()` into milliseconds since 1970
 */
export function callSpans(call: ObservedCall, origin: SpanOrigin, offset: number): FinishedSpan[] {
  const { trace, record } = call;
  if (trace === undefined || record === undefined) return [];
  const operation = operations[record.protocol] ?? record.protocol;
  const spans = call.attempts.map((attempt, index) =>
    attemptSpan(call, attempt, index, trace, operation, origin, offset),
  );
  spans.push(serverSpan(call, record, trace, operation, origin, offset));
  return spans;
}

function serverSpan(
  call: ObservedCall,
  record: UsageRecord,
  trace: CallTrace,
  operation: string,
  origin: SpanOrigin,
  offset: number,
): FinishedSpan {
  const { request } = call;
  const attributes: Record<string, SpanValue> = {
    [names.method]: request.method,
    [names.route]: request.path,
    [names.status]: record.status,
    [names.operation]: operation,
    [names.requestModel]: record.asked.slice(0, maximumName),
    [names.caller]: record.caller,
    [names.requestId]: request.id,
  };
  if (record.code !== undefined) attributes[names.error] = record.code;
  return new FinishedSpan(
    {
      name: `${request.method} ${request.path}`,
      kind: spanKind.server,
      trace,
      spanId: trace.spanId,
      parentSpanId: trace.parent?.spanId,
      isRemoteChild: true,
      startTime: toSpanTime(request.receivedAt + offset),
      endTime: toSpanTime(call.endedAt + offset),
      attributes,
      failed: record.status >= 500 || record.outcome === 'broken',
    },
    origin,
  );
}

function attemptSpan(
  call: ObservedCall,
  attempt: ObservedAttempt,
  index: number,
  trace: CallTrace,
  operation: string,
  origin: SpanOrigin,
  offset: number,
): FinishedSpan {
  const isLast = index === call.attempts.length - 1;
  const error = attempt.code ?? (isLast && call.record?.outcome === 'broken' ? call.record.code : undefined);
  const attributes = attemptAttributes(attempt, index, operation);
  if (error !== undefined) attributes[names.error] = error;
  else if (isLast) {
    addAnswer(attributes, attempt);
    addUsage(attributes, call.record);
  }
  return new FinishedSpan(
    {
      name: `${operation} ${attributes[names.requestModel]}`,
      kind: spanKind.client,
      trace,
      spanId: attempt.spanId ?? '',
      parentSpanId: trace.spanId,
      isRemoteChild: false,
      startTime: toSpanTime(attempt.startedAt + offset),
      endTime: toSpanTime((attempt.failedAt ?? attempt.wires.at(-1)?.closedAt ?? call.endedAt) + offset),
      attributes,
      failed: error !== undefined,
    },
    origin,
  );
}

function attemptAttributes(
  { target, wires }: ObservedAttempt,
  index: number,
  operation: string,
): Record<string, SpanValue> {
  const server = serverOf(target.baseUrl);
  const attributes: Record<string, SpanValue> = {
    [names.operation]: operation,
    [names.provider]: providers[target.type] ?? target.backend,
    [names.requestModel]: target.model.slice(0, maximumName),
    [names.serverAddress]: server.address,
    [names.serverPort]: server.port,
  };
  if (index > 0) attributes[names.resend] = index;
  const status = wires.at(-1)?.status ?? 0;
  if (status > 0) attributes[names.status] = status;
  return attributes;
}

function addUsage(attributes: Record<string, SpanValue>, record: UsageRecord | undefined): void {
  const usage = record?.usage;
  if (usage?.promptTokens !== undefined) attributes[names.inputTokens] = usage.promptTokens;
  if (usage?.completionTokens !== undefined) attributes[names.outputTokens] = usage.completionTokens;
  if (usage?.cachedTokens !== undefined) attributes[names.cachedTokens] = usage.cachedTokens;
}

const answerHeadBytes = 512;
const modelField = /"model"\s*:\s*"([^"\\]{1,256})"/;

/** The model that an answer names at its beginning. */
function addAnswer(attributes: Record<string, SpanValue>, attempt: ObservedAttempt): void {
  const first = attempt.wires.at(-1)?.body.chunks[0];
  if (first === undefined) return;
  const text = first.toString('latin1', 0, answerHeadBytes);
  // Whatever stands within the texts of an answer is behind its choices.
  const choices = text.indexOf('"choices"');
  const head = choices < 0 ? text : text.slice(0, choices);
  const model = modelField.exec(head)?.[1];
  if (model !== undefined) attributes[names.responseModel] = model;
}

const servers = new Map<string, { readonly address: string; readonly port: number }>();

function serverOf(baseUrl: string): { readonly address: string; readonly port: number } {
  let server = servers.get(baseUrl);
  if (server === undefined) {
    const { hostname, port, protocol } = new URL(baseUrl);
    server = { address: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
    servers.set(baseUrl, server);
  }
  return server;
}

function toSpanTime(milliseconds: number): SpanTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
