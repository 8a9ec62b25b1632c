import type { GatewayError } from '../gateway-error.ts';
import { type PipelinePorts, type Run, runCall } from '../pipeline/run.ts';
import { parseCall } from '../protocols/parse-call.ts';
import type { Caller } from '../types/caller.ts';
import type { Protocol } from '../types/protocol.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { errorReply, toGatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { runHeaders, writeAnswer } from './write-answer.ts';

export interface ServePorts {
  /** The pipeline of the configuration in force now. */
  readonly pipeline: () => PipelinePorts;
  /** After how much silence a stream gets a comment; 0: never. */
  readonly heartbeatMs: () => number;
  readonly started: () => void;
  readonly ended: (record: UsageRecord, error: GatewayError | undefined) => void;
}

/** Of a client's headers those that go on to a backend. */
const forwarded = ['openai-beta', 'idempotency-key', 'traceparent', 'tracestate'] as const;

/** Serves one call of a client, from its bytes to the record of it. */
export async function serveCall(
  exchange: Exchange,
  caller: Caller,
  protocol: Protocol,
  ports: ServePorts,
): Promise<void> {
  const run: Run = {
    answer: undefined,
    ticket: undefined,
    attempts: { count: 0, reached: false, candidate: undefined },
  };
  let asked = '';
  let stream = false;
  ports.started();
  try {
    const { id, body, signal, receivedAt } = exchange;
    const call = parseCall(protocol, {
      id,
      body,
      signal,
      receivedAt,
      deadlineAt: readDeadline(exchange),
      forwardHeaders: forwardHeaders(exchange),
    });
    asked = call.model;
    stream = call.stream;
    const answer = await runCall(call, caller, ports.pipeline(), run);
    writeAnswer(exchange, answer, run, ports.heartbeatMs());
    const finish = await answer.finished;
    const status = finish.outcome === 'cancelled' ? 499 : answer.status;
    const outcome = {
      status,
      outcome: finish.outcome,
      code: finish.error?.code,
      error: finish.error?.summary,
    } as const;
    ports.ended(
      toRecord(exchange, caller, protocol, { asked, stream, run, usage: finish.usage, ...outcome }),
      finish.error,
    );
  } catch (thrown) {
    const error = toGatewayError(thrown);
    const { status, headers, body } = errorReply(error);
    exchange.reply(status, mergeHeaders(headers, runHeaders(exchange, run)), body);
    const outcome = failedOutcome(exchange, run);
    const code = error.code;
    const known = {
      asked,
      stream,
      run,
      usage: undefined,
      status: outcome === 'cancelled' ? 499 : status,
      outcome,
      code,
    };
    ports.ended(toRecord(exchange, caller, protocol, { ...known, error: error.summary }), error);
  }
}

function failedOutcome(exchange: Exchange, run: Run): 'cancelled' | 'failed' | 'refused' {
  if (exchange.signal.aborted) return 'cancelled';
  return run.attempts.count > 0 ? 'failed' : 'refused';
}

function mergeHeaders(first: readonly (readonly [string, string])[], then: readonly (readonly [string, string])[]) {
  const given = new Set(first.map(([name]) => name));
  return [...first, ...then.filter(([name]) => !given.has(name))];
}

function forwardHeaders(exchange: Exchange): string[] {
  const headers: string[] = [];
  for (const name of forwarded) {
    const value = exchange.header(name);
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

/** When the client gives up: OpenAI's SDKs say how many seconds they wait. */
function readDeadline(exchange: Exchange): number | undefined {
  const seconds = Number(exchange.header('x-stainless-timeout') ?? Number.NaN);
  return seconds > 0 ? exchange.receivedAt + seconds * 1000 : undefined;
}

function readClientRetries(exchange: Exchange): number | undefined {
  const count = Number(exchange.header('x-stainless-retry-count') ?? Number.NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

interface Known {
  readonly asked: string;
  readonly stream: boolean;
  readonly run: Run;
  readonly usage: UsageRecord['usage'];
  readonly status: number;
  readonly outcome: UsageRecord['outcome'];
  readonly code: UsageRecord['code'];
  readonly error: string | undefined;
}

function toRecord(exchange: Exchange, caller: Caller, protocol: Protocol, known: Known): UsageRecord {
  const { run, asked, stream, usage, status, outcome, code, error } = known;
  const { candidate, count } = run.attempts;
  const firstByteAt = run.answer?.firstByteAt;
  return {
    id: exchange.id,
    protocol: protocol.name,
    caller: caller.name,
    asked,
    backend: candidate?.backend.config.name,
    model: candidate?.model,
    stream,
    status,
    outcome,
    code,
    error,
    attempts: count,
    clientRetries: readClientRetries(exchange),
    usage,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - exchange.receivedAt,
    totalMs: performance.now() - exchange.receivedAt,
  };
}
