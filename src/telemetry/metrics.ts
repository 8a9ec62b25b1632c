import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { Usage } from '../types/usage.ts';
import type { TryRecord, UsageRecord } from '../types/usage-record.ts';
import { type ConfigurationNumbers, observeBreakers, observeConfiguration } from './configuration-metrics.ts';
import { CostMetrics } from './cost-metrics.ts';
import { observeLimits } from './limits-metrics.ts';
import { observeUsage, type UsageNumbers } from './usage-metrics.ts';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** More models than this of one backend share the label `other`, since clients make up names. */
const maximumModels = 200;
/** A longer name is no label. */
const maximumNameLength = 256;

/** What is known of one backend's model, with its labels already looked up. */
interface ModelMetrics {
  readonly duration: { observe(value: number): void };
  readonly firstByte: { observe(value: number): void };
  readonly tokens: Record<'prompt' | 'completion' | 'cached' | 'reasoning', { inc(value: number): void }>;
  readonly requests: Map<string, { inc(): void }>;
}

/** A page in Prometheus' text format. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/** What one process has counted, as plain data. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** The Prometheus metrics; nothing outside of this folder knows the library that keeps them. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'backend' | 'model' | 'protocol' | 'status'>;
  readonly #refusals: Counter<'reason'>;
  readonly #replays: Counter<'how'>;
  readonly #stoppedStreams: Counter<'why'>;
  readonly #upstreamErrors: Counter<'backend' | 'model' | 'code'>;
  readonly #tries: Counter<'backend' | 'model' | 'code'>;
  readonly #duration: Histogram<'backend' | 'model'>;
  readonly #firstByte: Histogram<'backend' | 'model'>;
  readonly #tokens: Counter<'backend' | 'model' | 'kind'>;
  readonly #models = new Map<string, Map<string, ModelMetrics>>();
  readonly #costs: CostMetrics;
  #running = 0;

  constructor() {
    const registers = [this.#registry];
    this.#costs = new CostMetrics(this.#registry);
    const model = ['backend', 'model'] as const;
    this.#requests = new Counter({
      name: 'headrace_requests_total',
      help: 'Requests by what served them and the status that the client got',
      labelNames: [...model, 'protocol', 'status'],
      registers,
    });
    this.#replays = new Counter({
      name: 'headrace_replayed_requests_total',
      help: 'Requests that were answered by the call of another with the same Idempotency-Key: while it ran, or by its stored answer',
      labelNames: ['how'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'headrace_refusals_total',
      help: 'Requests that the gateway refused before any backend saw them, by error code',
      labelNames: ['reason'],
      registers,
    });
    this.#stoppedStreams = new Counter({
      name: 'headrace_stopped_streams_total',
      help: 'Streams that the gateway ended before their backends did: a budget was spent, or they repeated themselves (repetition)',
      labelNames: ['why'],
      registers,
    });
    this.#upstreamErrors = new Counter({
      name: 'headrace_upstream_errors_total',
      help: 'Requests that failed at or behind a backend, by error code',
      labelNames: [...model, 'code'],
      registers,
    });
    this.#tries = new Counter({
      name: 'headrace_tries_left_total',
      help: 'Tries at a candidate that were left for another try, by error code; lost: another candidate was faster',
      labelNames: [...model, 'code'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'headrace_request_duration_seconds',
      help: 'Time from receiving a request to the last byte of its answer',
      labelNames: model,
      buckets: seconds,
      registers,
    });
    this.#firstByte = new Histogram({
      name: 'headrace_time_to_first_byte_seconds',
      help: "Time from receiving a request to the first byte of the backend's answer",
      labelNames: model,
      buckets: seconds,
      registers,
    });
    this.#tokens = new Counter({
      name: 'headrace_tokens_total',
      help: 'Tokens as backends reported them, by kind: prompt, completion, cached (part of prompt), reasoning (part of completion)',
      labelNames: [...model, 'kind'],
      registers,
    });
    const running: Gauge = new Gauge({
      name: 'headrace_requests_running',
      help: 'Requests that are being served now',
      registers,
      collect: (): void => running.set(this.#running),
    });
  }

  /** Shows how the last reload went and how many connectors there are by status, as asked when the page is written. */
  observeConfiguration(ask: () => ConfigurationNumbers): void {
    observeConfiguration(this.#registry, ask);
  }

  /** Shows how many models of backends there are by what their breaker says, as asked when the page is written. */
  observeBreakers(ask: () => Readonly<Record<string, number>>): void {
    observeBreakers(this.#registry, ask);
  }

  /** Shows how the ledger of usage fares, as asked when the page is written. */
  observeUsage(ask: (() => UsageNumbers) | undefined): void {
    if (ask !== undefined) observeUsage(this.#registry, ask);
  }

  /** Shows whether the store is there through which machines share limits; undefined: there is none. */
  observeLimits(ask: (() => { readonly ok: boolean }) | undefined): void {
    if (ask !== undefined) observeLimits(this.#registry, ask);
  }

  started(): void {
    this.#running++;
  }

  /** Counts a call that is over. */
  ended(record: UsageRecord): void {
    this.#running--;
    this.#costs.ended(record);
    if (record.outcome === 'refused') this.#refusals.inc({ reason: record.code ?? 'unknown' });
    if (record.stopped !== undefined) this.#stoppedStreams.inc({ why: record.stopped.why });
    if (record.backend === undefined || record.model === undefined) {
      this.#requests.inc({ backend: '', model: '', protocol: record.protocol, status: String(record.status) });
      return;
    }
    if (record.tries !== undefined) this.#countTries(record.tries);
    const model = this.#model(record.backend, record.model);
    this.#countRequest(model, record);
    model.duration.observe(record.totalMs / 1000);
    if (record.firstByteMs !== undefined) model.firstByte.observe(record.firstByteMs / 1000);
    if ((record.outcome === 'failed' || record.outcome === 'broken') && record.code !== undefined) {
      this.#upstreamErrors.inc({ ...this.#labels(record.backend, record.model), code: record.code });
    }
    if (record.approach === undefined) countTokens(model, record.usage);
    else for (const part of record.approach.models) countTokens(this.#model(part.backend, part.model), part.usage);
  }

  /** Counts a request that never became a call. */
  replayed(how: 'joined' | 'stored'): void {
    this.#replays.inc({ how });
  }

  refused(reason: string): void {
    this.#refusals.inc({ reason });
  }

  async render(): Promise<MetricsPage> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  async snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** The page of several processes together. */
  static async join(snapshots: readonly MetricsSnapshot[]): Promise<MetricsPage> {
    const joined = AggregatorRegistry.aggregate([...snapshots]);
    return { contentType: joined.contentType, text: await joined.metrics() };
  }

  #countTries(tries: readonly TryRecord[]): void {
    for (const { backend, model, sent, left } of tries) {
      if (sent && left !== undefined) this.#tries.inc({ ...this.#labels(backend, model), code: left });
    }
  }

  #countRequest(model: ModelMetrics, record: UsageRecord): void {
    const key = `${record.protocol} ${record.status}`;
    let counter = model.requests.get(key);
    if (counter === undefined) {
      const labels = this.#labels(record.backend as string, record.model as string);
      counter = this.#requests.labels({ ...labels, protocol: record.protocol, status: String(record.status) });
      model.requests.set(key, counter);
    }
    counter.inc();
  }

  #labels(backend: string, model: string): { backend: string; model: string } {
    const models = this.#models.get(backend);
    return { backend, model: models?.has(model) ? model : 'other' };
  }

  #model(backend: string, model: string): ModelMetrics {
    let models = this.#models.get(backend);
    if (models === undefined) {
      models = new Map();
      this.#models.set(backend, models);
    }
    const isLabel = models.has(model) || (models.size < maximumModels && model.length <= maximumNameLength);
    const name = isLabel ? model : 'other';
    let metrics = models.get(name);
    if (metrics === undefined) {
      const labels = { backend, model: name };
      const tokens = (kind: string) => this.#tokens.labels({ ...labels, kind });
      metrics = {
        duration: this.#duration.labels(labels),
        firstByte: this.#firstByte.labels(labels),
        tokens: {
          prompt: tokens('prompt'),
          completion: tokens('completion'),
          cached: tokens('cached'),
          reasoning: tokens('reasoning'),
        },
        requests: new Map(),
      };
      models.set(name, metrics);
    }
    return metrics;
  }
}

function countTokens({ tokens }: ModelMetrics, usage: Usage | undefined): void {
  if (usage?.promptTokens) tokens.prompt.inc(usage.promptTokens);
  if (usage?.completionTokens) tokens.completion.inc(usage.completionTokens);
  if (usage?.cachedTokens) tokens.cached.inc(usage.cachedTokens);
  if (usage?.reasoningTokens) tokens.reasoning.inc(usage.reasoningTokens);
}
