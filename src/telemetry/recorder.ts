import type { GatewayError } from '../gateway-error.ts';
import type { ApproachRecord, TryRecord, UsageRecord } from '../types/usage-record.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Turns what happened to a request into one log line and some numbers. */
export class Recorder {
  readonly #log: Log;
  readonly #metrics: Metrics;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  started(): void {
    this.#metrics.started();
  }

  /**
   * A call is over, well or not.
   * @param more what its log line is to hold as well
   */
  ended(record: UsageRecord, error: GatewayError | undefined, more?: object): void {
    this.#metrics.ended(record);
    const fields = more === undefined ? logFields(record) : { ...logFields(record), ...more };
    if (error?.status === 500) this.#log.error({ ...fields, cause: describeCause(error) }, 'request');
    else if (record.outcome === 'failed' || record.outcome === 'broken') this.#log.warn(fields, 'request');
    else this.#log.info(fields, 'request');
  }

  /**
   * A request was answered by the call of another with the same `Idempotency-Key`.
   * @param first the request id of that call
   */
  replayed(id: string, caller: string, first: string, how: 'joined' | 'stored'): void {
    this.#metrics.replayed(how);
    this.#log.info({ id, caller, first, how }, 'replayed');
  }

  /** A request never became a call: no such route, no key, an error of a side route. */
  refused(
    exchange: { readonly id: string; readonly path: string; readonly method: string },
    error: GatewayError,
  ): void {
    this.#metrics.refused(error.code);
    const { id, method } = exchange;
    const fields = {
      id,
      method,
      path: exchange.path.slice(0, 200),
      status: error.status,
      code: error.code,
      error: error.summary,
    };
    if (error.status === 500) this.#log.error({ ...fields, cause: describeCause(error) }, 'refused');
    else this.#log.info(fields, 'refused');
  }
}

function logFields(record: UsageRecord) {
  const { usage } = record;
  return {
    id: record.id,
    caller: record.caller,
    protocol: record.protocol,
    asked: record.asked.slice(0, 256),
    backend: record.backend,
    model: record.model?.slice(0, 256),
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    code: record.code,
    error: record.error,
    attempts: record.attempts,
    tries: record.tries?.map(tryFields),
    client_retries: record.clientRetries,
    prompt_tokens: usage?.promptTokens,
    completion_tokens: usage?.completionTokens,
    cached_tokens: usage?.cachedTokens,
    reasoning_tokens: usage?.reasoningTokens,
    cost: record.cost === undefined ? undefined : record.cost / 1e9,
    approach: record.approach && approachFields(record.approach),
    stopped: record.stopped?.why,
    stopped_by: record.stopped?.limit,
    first_byte_ms: round(record.firstByteMs),
    total_ms: round(record.totalMs),
  };
}

function approachFields({ name, calls, stopped, models, facts }: ApproachRecord) {
  return {
    name: name.slice(0, 256),
    calls,
    stopped,
    models: models.map(({ backend, model, calls: answered, usage, cost }) => ({
      backend,
      model: model.slice(0, 256),
      calls: answered,
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      cached_tokens: usage.cachedTokens,
      reasoning_tokens: usage.reasoningTokens,
      cost: cost === undefined ? undefined : cost / 1e9,
    })),
    facts,
  };
}

function tryFields({ backend, model, sent, left, why, startedMs, tookMs }: TryRecord) {
  return {
    backend,
    model: model.slice(0, 256),
    sent,
    code: left,
    reason: why,
    started_ms: round(startedMs),
    took_ms: round(tookMs),
  };
}

function round(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 100) / 100;
}

function describeCause(error: GatewayError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause);
}
