import type { SpanResource } from './finished-span.ts';
import type { Log } from './log.ts';
import { createSampler, type Sampler } from './sampler.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the standard variables say of traces. */
export interface TraceSettings {
  /** Where spans are posted; undefined: where the exporter does by default, on this machine. */
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly sampler: Sampler;
  readonly resource: SpanResource;
  readonly scheduledDelayMs: number;
  readonly maximumQueue: number;
  readonly batchSize: number;
  readonly exportTimeoutMs: number;
}

/**
 * Reads the `OTEL_*` variables. What cannot be used is said in the log, and the standard's default holds in its place.
 * @returns undefined where traces are not asked for
 */
export function readTraceSettings(env: Environment, log: Log, version: string): TraceSettings | undefined {
  const endpoint = read(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? read(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const exporter = read(env, 'OTEL_TRACES_EXPORTER');
  if (read(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || exporter === 'none') return undefined;
  if (endpoint === undefined && exporter === undefined) return undefined;
  const complain = (variable: string, problem: string) => log.error({ variable }, `${variable} ${problem}`);
  if (exporter !== undefined && exporter !== 'otlp') {
    complain('OTEL_TRACES_EXPORTER', 'must be otlp or none; no traces are sent');
    return undefined;
  }
  if (!speaksJson(env, complain)) return undefined;
  const number = (name: string, fallback: number) => readNumber(env, name, fallback, complain);
  const maximumQueue = number('OTEL_BSP_MAX_QUEUE_SIZE', 2048);
  return {
    url: tracesUrl(env),
    headers: {
      ...readPairs(read(env, 'OTEL_EXPORTER_OTLP_HEADERS')),
      ...readPairs(read(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS')),
    },
    timeoutMs: number('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', number('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000)),
    sampler: createSampler(read(env, 'OTEL_TRACES_SAMPLER'), read(env, 'OTEL_TRACES_SAMPLER_ARG'), complain),
    resource: readResource(env, version),
    scheduledDelayMs: number('OTEL_BSP_SCHEDULE_DELAY', 5000),
    maximumQueue,
    batchSize: Math.min(maximumQueue, number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512)),
    exportTimeoutMs: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
  };
}

function read(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** OTLP over HTTP with JSON is what is spoken here; every receiver of OTLP over HTTP takes it. */
function speaksJson(env: Environment, complain: (variable: string, problem: string) => void): boolean {
  const specific = read(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL');
  const variable = specific === undefined ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
  const protocol = specific ?? read(env, variable);
  if (protocol === undefined || protocol === 'http/json') return true;
  if (protocol === 'http/protobuf') {
    complain(variable, 'says http/protobuf, but traces are sent as http/json, to the same URL');
    return true;
  }
  complain(variable, 'must be http/json; no traces are sent');
  return false;
}

function tracesUrl(env: Environment): string | undefined {
  const own = read(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (own !== undefined) return own;
  const all = read(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return all === undefined ? undefined : `${all.replace(/\/+$/, '')}/v1/traces`;
}

/** `name=value,name=value`, with both percent-encoded. */
function readPairs(text: string | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of text?.split(',') ?? []) {
    const [name, ...value] = pair.split('=');
    if (name?.trim() && value.length > 0) pairs[decode(name.trim())] = decode(value.join('=').trim());
  }
  return pairs;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a "%" that is no escape
  }
}

function readResource(env: Environment, version: string): SpanResource {
  const given = readPairs(read(env, 'OTEL_RESOURCE_ATTRIBUTES'));
  const name = read(env, 'OTEL_SERVICE_NAME') ?? given['service.name'] ?? 'headrace';
  return { attributes: { 'service.version': version, ...given, 'service.name': name } };
}

function readNumber(
  env: Environment,
  name: string,
  fallback: number,
  complain: (variable: string, problem: string) => void,
): number {
  const text = read(env, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  complain(name, `must be a whole number above 0; ${fallback} holds in its place`);
  return fallback;
}
