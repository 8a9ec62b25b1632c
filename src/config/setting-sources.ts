import type { z } from 'zod';
import type { Flags } from './flags.ts';
import { text } from './schema/fields.ts';
import { idempotencyDefaults } from './schema/idempotency-section.ts';
import { settingDefaults, settingsFile } from './schema/settings-file.ts';
import { storageDefaults } from './schema/storage-section.ts';
import { telemetryDefaults } from './schema/telemetry-section.ts';
import type { Path } from './tree.ts';

/** One setting and everywhere it can come from. */
export interface SettingSource<S extends z.ZodType = z.ZodType> {
  /** Its name in `--print-config`. */
  readonly name: string;
  readonly flag?: keyof Flags;
  /** The flag as typed, such as `--port`. */
  readonly option?: string;
  /** Environment variables, the strongest first; undefined: none. */
  readonly variables?: readonly string[];
  /** Where it stands in `headrace.yaml`. */
  readonly path?: Path;
  readonly schema: S;
  readonly fallback?: z.output<S>;
}

const { shape } = settingsFile;
const listen = shape.listen.unwrap().shape;
const limits = shape.limits.unwrap().shape;
const idempotency = shape.idempotency.unwrap().shape;
const storageShape = shape.storage.unwrap().shape;
const telemetry = shape.telemetry.unwrap().shape;
const capture = telemetry.capture.unwrap().shape;

function source<S extends z.ZodType>(setting: SettingSource<S>): SettingSource<S> {
  return setting;
}

/** Every gateway setting, in the order of `--print-config`. Flag > environment > `headrace.yaml` > default. */
export const settingSources = {
  configDir: source({
    name: 'config_dir',
    flag: 'configDir',
    option: '--config-dir',
    variables: ['HEADRACE_CONFIG_DIR'],
    schema: text('The folder of `headrace.yaml` and `backends`.', {
      expects: 'the path of a folder',
      example: './config',
    }),
    fallback: settingDefaults.config_dir,
  }),
  host: source({
    name: 'listen.host',
    flag: 'host',
    option: '--host',
    variables: ['HEADRACE_HOST', 'HOST'],
    path: ['listen', 'host'],
    schema: listen.host.unwrap(),
    fallback: settingDefaults.host,
  }),
  port: source({
    name: 'listen.port',
    flag: 'port',
    option: '--port',
    variables: ['HEADRACE_PORT', 'PORT'],
    path: ['listen', 'port'],
    schema: listen.port.unwrap(),
    fallback: settingDefaults.port,
  }),
  connectors: source({
    name: 'connectors',
    flag: 'connectors',
    option: '--connectors',
    variables: ['HEADRACE_CONNECTORS', 'EXTERNAL_API_CONNECTORS_FILE'],
    path: ['connectors'],
    schema: shape.connectors.unwrap(),
  }),
  baseUrl: source({
    name: 'base_url',
    flag: 'baseUrl',
    option: '--base-url',
    variables: ['HEADRACE_BASE_URL', 'OPENAI_BASE_URL'],
    schema: text(
      'The URL of a server; makes one backend named `default` with `OPENAI_API_KEY` as its key, if that is set.',
      {
        expects: 'a URL that begins with http:// or https://',
        example: 'http://127.0.0.1:8080',
      },
    ),
  }),
  defaultBackend: source({
    name: 'default_backend',
    flag: 'defaultBackend',
    option: '--default-backend',
    variables: ['HEADRACE_DEFAULT_BACKEND'],
    path: ['default_backend'],
    schema: shape.default_backend.unwrap(),
  }),
  forceContextWindow: source({
    name: 'force_context_window',
    flag: 'forceContextWindow',
    option: '--force-context-window',
    variables: ['HEADRACE_FORCE_CONTEXT_WINDOW'],
    path: ['force_context_window'],
    schema: shape.force_context_window.unwrap(),
  }),
  logLevel: source({
    name: 'log_level',
    flag: 'logLevel',
    option: '--log-level',
    variables: ['HEADRACE_LOG_LEVEL'],
    path: ['log_level'],
    schema: shape.log_level.unwrap(),
    fallback: settingDefaults.log_level,
  }),
  workers: source({
    name: 'workers',
    flag: 'workers',
    option: '--workers',
    variables: ['HEADRACE_WORKERS'],
    path: ['workers'],
    schema: shape.workers.unwrap(),
    fallback: settingDefaults.workers,
  }),
  maxRequestBytes: source({
    name: 'limits.max_request_bytes',
    path: ['limits', 'max_request_bytes'],
    schema: limits.max_request_bytes.unwrap(),
    fallback: settingDefaults.max_request_bytes,
  }),
  maxResponseBytes: source({
    name: 'limits.max_response_bytes',
    path: ['limits', 'max_response_bytes'],
    schema: limits.max_response_bytes.unwrap(),
    fallback: settingDefaults.max_response_bytes,
  }),
  limitsRedisUrl: source({
    name: 'limits.redis_url',
    variables: ['HEADRACE_REDIS_URL'],
    path: ['limits', 'redis_url'],
    schema: limits.redis_url.unwrap(),
  }),
  limitsWhenStoreLost: source({
    name: 'limits.when_store_lost',
    path: ['limits', 'when_store_lost'],
    schema: limits.when_store_lost.unwrap(),
    fallback: settingDefaults.when_store_lost,
  }),
  storageFolder: source({
    name: 'storage.folder',
    variables: ['HEADRACE_STORAGE_FOLDER'],
    path: ['storage', 'folder'],
    schema: storageShape.folder.unwrap(),
  }),
  storageUrl: source({
    name: 'storage.url',
    variables: ['HEADRACE_STORAGE_URL'],
    path: ['storage', 'url'],
    schema: storageShape.url.unwrap(),
  }),
  flushInterval: source({
    name: 'storage.flush_interval',
    path: ['storage', 'flush_interval'],
    schema: storageShape.flush_interval.unwrap(),
    fallback: storageDefaults.flush_interval,
  }),
  keepUsage: source({
    name: 'storage.keep_usage',
    path: ['storage', 'keep_usage'],
    schema: storageShape.keep_usage.unwrap(),
    fallback: storageDefaults.keep_usage,
  }),
  keepUsageSums: source({
    name: 'storage.keep_usage_sums',
    path: ['storage', 'keep_usage_sums'],
    schema: storageShape.keep_usage_sums.unwrap(),
    fallback: storageDefaults.keep_usage_sums,
  }),
  logBodies: source({
    name: 'telemetry.log_bodies',
    path: ['telemetry', 'log_bodies'],
    schema: telemetry.log_bodies.unwrap(),
    fallback: telemetryDefaults.log_bodies,
  }),
  captureFolder: source({
    name: 'telemetry.capture.folder',
    path: ['telemetry', 'capture', 'folder'],
    schema: capture.folder,
  }),
  captureMaxBytes: source({
    name: 'telemetry.capture.max_bytes',
    path: ['telemetry', 'capture', 'max_bytes'],
    schema: capture.max_bytes.unwrap(),
    fallback: telemetryDefaults.max_bytes,
  }),
  captureMaxFiles: source({
    name: 'telemetry.capture.max_files',
    path: ['telemetry', 'capture', 'max_files'],
    schema: capture.max_files.unwrap(),
    fallback: telemetryDefaults.max_files,
  }),
  idempotencyKeep: source({
    name: 'idempotency.keep',
    path: ['idempotency', 'keep'],
    schema: idempotency.keep.unwrap(),
    fallback: idempotencyDefaults.keep,
  }),
  idempotencyLinger: source({
    name: 'idempotency.linger',
    path: ['idempotency', 'linger'],
    schema: idempotency.linger.unwrap(),
    fallback: idempotencyDefaults.linger,
  }),
  idempotencyMaxBytes: source({
    name: 'idempotency.max_bytes',
    path: ['idempotency', 'max_bytes'],
    schema: idempotency.max_bytes.unwrap(),
    fallback: idempotencyDefaults.max_bytes,
  }),
  idempotencyMaxAnswerBytes: source({
    name: 'idempotency.max_answer_bytes',
    path: ['idempotency', 'max_answer_bytes'],
    schema: idempotency.max_answer_bytes.unwrap(),
    fallback: idempotencyDefaults.max_answer_bytes,
  }),
  shutdownTimeout: source({
    name: 'shutdown_timeout',
    path: ['shutdown_timeout'],
    schema: shape.shutdown_timeout.unwrap(),
    fallback: settingDefaults.shutdown_timeout,
  }),
  streamHeartbeat: source({
    name: 'stream_heartbeat',
    path: ['stream_heartbeat'],
    schema: shape.stream_heartbeat.unwrap(),
    fallback: settingDefaults.stream_heartbeat,
  }),
};
