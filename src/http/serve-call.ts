import type { GatewayError } from '../gateway-error.ts';
import { Attempts } from '../pipeline/attempts.ts';
import { type PipelinePorts, type Run, runCall } from '../pipeline/run.ts';
import { isSpentKnown, settleCaller } from '../pipeline/settle-caller.ts';
import { parseCall } from '../protocols/parse-call.ts';
import type { Finish } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { CallWatch } from '../types/call-watch.ts';
import type { Caller } from '../types/caller.ts';
import type { Protocol } from '../types/protocol.ts';
import { addUsage, type Usage } from '../types/usage.ts';
import type { ApproachRecord, UsageRecord } from '../types/usage-record.ts';
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
  /** What the gateway serves without now, for a header. */
  readonly degraded: () => string | undefined;
  /** @param more what the log line is to hold beyond the record */
  readonly ended: (
    record: UsageRecord,
    error: GatewayError | undefined,
    more: object | undefined,
    caller: Caller,
  ) => void;
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
type Ending = Pick<UsageRecord, 'status' | 'outcome' | 'code' | 'error' | 'usage'> & Pick<Finish, 'endedAt'>;

/** Serves one call of a client, from its bytes to the record of it, which it gives. */
export async function serveCall(
  received: Exchange,
  caller: Caller,
  protocol: Protocol,
  ports: ServePorts,
): Promise<UsageRecord> {
  const watch = ports.watch(received);
  const exchange = watch === undefined ? received : new WatchedExchange(received, watch);
  const attempts = new Attempts(watch);
  const run: Run = { answer: undefined, ticket: undefined, attempts, degraded: ports.degraded() };
  const serving: Serving = { exchange, caller, protocol, run, call: undefined };
  const lease = ports.acquire();
  ports.started();
  try {
    const call = readCall(exchange, protocol);
    serving.call = call;
    const answer = await runCall(call, caller, lease.pipeline, run);
    // Of a whole answer it is known what it took, which goes with it, unless more is done behind it.
    const isOver = Buffer.isBuffer(answer.body) && answer.settled === undefined;
    const whole = isOver ? await answer.finished : undefined;
    if (whole !== undefined && isSpentKnown(run, whole)) await settleCaller(call, run, whole, lease.pipeline);
    writeAnswer(exchange, answer, run, lease.heartbeatMs);
    if (answer.settled !== undefined) void answer.finished.then(() => run.admitted?.grant.leave());
    const finish = whole ?? (await (answer.settled ?? answer.finished));
    const settling = settleCaller(call, run, finish, lease.pipeline);
    if (settling !== undefined) await settling;
    const record = toRecord(serving, endingOf(finish, answer.status));
    ports.ended(record, finish.error, watch?.ended(record), caller);
    return record;
  } catch (thrown) {
    const error = toGatewayError(thrown);
    const { status, headers, body } = errorReply(error);
    exchange.reply(status, mergeHeaders(headers, runHeaders(exchange, run)), body);
    await settleCaller(serving.call, run, undefined, lease.pipeline);
    const record = toRecord(serving, endingOfFailure(serving, error, status));
    ports.ended(record, error, watch?.ended(record), caller);
    return record;
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

function endingOf({ outcome, usage, error, endedAt }: Finish, status: number): Ending {
  const known = { outcome, usage, code: error?.code, error: error?.summary };
  return { ...known, status: outcome === 'cancelled' ? 499 : status, ...(endedAt !== undefined && { endedAt }) };
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

/** What was spent before an approach failed; undefined where nobody answered, or where there is none. */
function usageOf(approach: ApproachRecord | undefined): Usage | undefined {
  const [first, ...others] = approach?.models ?? [];
  return first && others.reduce((sum, { usage }) => addUsage(sum, usage), first.usage);
}

function toRecord({ exchange, caller, protocol, run, call }: Serving, ending: Ending): UsageRecord {
  const { candidate, count } = run.attempts;
  const approach = run.approach?.record();
  const by = run.approach?.answeredBy();
  const firstByteAt = run.answer?.firstByteAt;
  return {
    id: exchange.id,
    protocol: protocol.name,
    caller: caller.name,
    asked: call?.model ?? '',
    backend: by?.backend ?? candidate?.backend.config.name,
    model: by?.model ?? candidate?.model,
    stream: call?.stream ?? false,
    status: ending.status,
    outcome: ending.outcome,
    code: ending.code,
    error: ending.error,
    attempts: count,
    tries: run.attempts.tries.length > 1 ? run.attempts.records(exchange.receivedAt) : undefined,
    clientRetries: readClientRetries(exchange),
    usage: run.spent?.usage ?? ending.usage ?? usageOf(approach),
    usageSource: run.spent?.source,
    cost: run.spent?.cost,
    approach,
    stopped: run.stopped,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - exchange.receivedAt,
    totalMs: (ending.endedAt ?? performance.now()) - exchange.receivedAt,
  };
}
