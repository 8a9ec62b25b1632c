import type { GatewayError } from '../gateway-error.ts';
import { Attempts } from '../pipeline/attempts.ts';
import { type PipelinePorts, type Run, runCall } from '../pipeline/run.ts';
import { parseCall } from '../protocols/parse-call.ts';
import type { Finish } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { CallWatch } from '../types/call-watch.ts';
import type { Caller } from '../types/caller.ts';
import type { Protocol } from '../types/protocol.ts';
import type { UsageRecord } from '../types/usage-record.ts';
import { forwardHeaders, readClientRetries, readDeadline, readNice } from './client-headers.ts';
import { errorReply, toGatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { WatchedExchange } from './watched-exchange.ts';
import { runHeaders, writeAnswer } from './write-answer.ts';

export interface ServePorts {
  /** The configuration in force now, held until it is released. */
  readonly acquire: () => ServeLease;
  /** The watch of a call; undefined: nobody wants to see more of it than its record. */
  readonly watch: (exchange: Exchange) => CallWatch | undefined;
  readonly started: () => void;
  /** @param more what the log line is to hold beyond the record */
  readonly ended: (record: UsageRecord, error: GatewayError | undefined, more: object | undefined) => void;
}

/** What a call needs of the configuration that was in force when it came; it keeps that to its end. */
export interface ServeLease {
  readonly pipeline: PipelinePorts;
  /** After how much silence a stream gets a comment; 0: never. */
  readonly heartbeatMs: number;
  release(): void;
}

/** One call being served: what is known of it so far. */
interface Serving {
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly protocol: Protocol;
  readonly run: Run;
  /** Undefined until its bytes are read. */
  call: Call | undefined;
}

/** How a call ended, for its record. */
type Ending = Pick<UsageRecord, 'status' | 'outcome' | 'code' | 'error' | 'usage'>;

/** Serves one call of a client, from its bytes to the record of it. */
export async function serveCall(
  received: Exchange,
  caller: Caller,
  protocol: Protocol,
  ports: ServePorts,
): Promise<void> {
  const watch = ports.watch(received);
  const exchange = watch === undefined ? received : new WatchedExchange(received, watch);
  const attempts = new Attempts(watch);
  const run: Run = { answer: undefined, ticket: undefined, attempts };
  const serving: Serving = { exchange, caller, protocol, run, call: undefined };
  const lease = ports.acquire();
  ports.started();
  try {
    const call = readCall(exchange, protocol);
    serving.call = call;
    const answer = await runCall(call, caller, lease.pipeline, run);
    writeAnswer(exchange, answer, run, lease.heartbeatMs);
    const finish = await answer.finished;
    const record = toRecord(serving, endingOf(finish, answer.status));
    ports.ended(record, finish.error, watch?.ended(record));
  } catch (thrown) {
    const error = toGatewayError(thrown);
    const { status, headers, body } = errorReply(error);
    exchange.reply(status, mergeHeaders(headers, runHeaders(exchange, run)), body);
    const record = toRecord(serving, endingOfFailure(serving, error, status));
    ports.ended(record, error, watch?.ended(record));
  } finally {
    lease.release();
  }
}

function readCall(exchange: Exchange, protocol: Protocol): Call {
  const { id, body, signal, receivedAt } = exchange;
  return parseCall(protocol, {
    id,
    body,
    signal,
    receivedAt,
    deadlineAt: readDeadline(exchange),
    forwardHeaders: forwardHeaders(exchange),
    header: (name) => exchange.header(name),
    nice: readNice(exchange),
  });
}

function endingOf({ outcome, usage, error }: Finish, status: number): Ending {
  return { status: outcome === 'cancelled' ? 499 : status, outcome, usage, code: error?.code, error: error?.summary };
}

function endingOfFailure({ exchange, run }: Serving, error: GatewayError, status: number): Ending {
  const known = { usage: undefined, code: error.code, error: error.summary };
  if (exchange.signal.aborted) return { ...known, status: 499, outcome: 'cancelled' };
  return { ...known, status, outcome: run.attempts.count > 0 ? 'failed' : 'refused' };
}

function mergeHeaders(first: readonly (readonly [string, string])[], then: readonly (readonly [string, string])[]) {
  const given = new Set(first.map(([name]) => name));
  return [...first, ...then.filter(([name]) => !given.has(name))];
}

function toRecord({ exchange, caller, protocol, run, call }: Serving, ending: Ending): UsageRecord {
  const { candidate, count } = run.attempts;
  const firstByteAt = run.answer?.firstByteAt;
  return {
    id: exchange.id,
    protocol: protocol.name,
    caller: caller.name,
    asked: call?.model ?? '',
    backend: candidate?.backend.config.name,
    model: candidate?.model,
    stream: call?.stream ?? false,
    status: ending.status,
    outcome: ending.outcome,
    code: ending.code,
    error: ending.error,
    attempts: count,
    tries: run.attempts.tries.length > 1 ? run.attempts.records(exchange.receivedAt) : undefined,
    clientRetries: readClientRetries(exchange),
    usage: ending.usage,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - exchange.receivedAt,
    totalMs: performance.now() - exchange.receivedAt,
  };
}
