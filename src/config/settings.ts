import { resolve as resolvePath } from 'node:path';
import type { LogLevel, Settings, TelemetrySettings } from './config.ts';
import type { ConfigFolder } from './config-folder.ts';
import type { Environment } from './flags.ts';
import type { GatewayKeys } from './gateway-keys.ts';
import { idempotencySettings, type ResolvedIdempotency, resolveIdempotency } from './idempotency-settings.ts';
import { isLoopback, type ListenAddress } from './listen-address.ts';
import type { Report } from './report.ts';
import { type Resolved, resolveSetting, type SettingContext } from './resolve-setting.ts';
import { settingDefaults } from './schema/settings-file.ts';
import { telemetryDefaults } from './schema/telemetry-section.ts';
import { settingSources } from './setting-sources.ts';
import {
  type ResolvedSharedLimits,
  resolveSharedLimits,
  sharedLimitsSettings,
  shownSharedLimits,
} from './shared-limits.ts';
import {
  type ResolvedStorage,
  resolveStorage,
  type StoragePlaces,
  shownStorage,
  storageSettings,
} from './storage-settings.ts';
import { editDistance } from './suggest.ts';

/** Every gateway setting with its source, before the parts are put together. */
export interface ResolvedSettings extends ResolvedStorage, ResolvedIdempotency, ResolvedSharedLimits {
  readonly configDir: Resolved<string>;
  readonly host: Resolved<string>;
  readonly port: Resolved<number>;
  readonly connectors: Resolved<string>;
  readonly baseUrl: Resolved<string>;
  readonly defaultBackend: Resolved<string>;
  readonly forceContextWindow: Resolved<number>;
  readonly logLevel: Resolved<LogLevel>;
  readonly workers: Resolved<number>;
  readonly maxRequestBytes: Resolved<number>;
  readonly maxResponseBytes: Resolved<number>;
  readonly logBodies: Resolved<boolean>;
  readonly captureFolder: Resolved<string>;
  readonly captureMaxBytes: Resolved<number>;
  readonly captureMaxFiles: Resolved<number>;
  readonly shutdownTimeout: Resolved<number>;
  readonly streamHeartbeat: Resolved<number>;
}

/** Finds every setting; faulty ones are in the report. */
export function resolveSettings(folder: ConfigFolder, context: SettingContext): ResolvedSettings {
  return {
    configDir: folder.setting,
    host: resolveSetting(settingSources.host, context),
    port: resolveSetting(settingSources.port, context),
    connectors: resolveSetting(settingSources.connectors, context),
    baseUrl: resolveSetting(settingSources.baseUrl, context),
    defaultBackend: resolveSetting(settingSources.defaultBackend, context),
    forceContextWindow: resolveSetting(settingSources.forceContextWindow, context),
    logLevel: resolveSetting(settingSources.logLevel, context),
    workers: resolveSetting(settingSources.workers, context),
    maxRequestBytes: resolveSetting(settingSources.maxRequestBytes, context),
    maxResponseBytes: resolveSetting(settingSources.maxResponseBytes, context),
    ...resolveSharedLimits(context),
    ...resolveStorage(context),
    ...resolveIdempotency(context),
    logBodies: resolveSetting(settingSources.logBodies, context),
    captureFolder: resolveSetting(settingSources.captureFolder, context),
    captureMaxBytes: resolveSetting(settingSources.captureMaxBytes, context),
    captureMaxFiles: resolveSetting(settingSources.captureMaxFiles, context),
    shutdownTimeout: resolveSetting(settingSources.shutdownTimeout, context),
    streamHeartbeat: resolveSetting(settingSources.streamHeartbeat, context),
  };
}

/** Where the gateway is going to listen; undefined where that is not known because of a problem. */
export function listenAddress(settings: ResolvedSettings): ListenAddress | undefined {
  const host = settings.host.value;
  const port = settings.port.value;
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** Without a key everybody who reaches the gateway may use it, so then it listens on loopback only. */
export function checkOpenness(settings: ResolvedSettings, keys: GatewayKeys): void {
  const host = settings.host.value;
  if (host === undefined || keys.wanted || isLoopback(host)) return;
  settings.host.error(
    'is not a loopback address, and no key of the gateway is configured: everybody who reaches it could use your backends; set HEADRACE_ADMIN_KEY or keys in headrace.yaml, or listen on 127.0.0.1',
  );
}

/** Checks the variables that are no settings, and warns of those that look like a misspelt one of ours. */
export function checkVariableNames(env: Environment, report: Report): void {
  const known = Object.values(settingSources).flatMap((setting) => setting.variables ?? []);
  for (const name of Object.keys(env).toSorted()) {
    if (!name.startsWith('HEADRACE_') || known.includes(name)) continue;
    const near = known.find((other) => editDistance(name, other) <= 2);
    if (near && env[name])
      report.value(name).warning(undefined, [], `is not a variable of the gateway (did you mean ${near}?)`);
  }
  if (env.HEADRACE_REPLICAS && !/^[1-9]\d{0,5}$/.test(env.HEADRACE_REPLICAS)) {
    const expected = 'must be the number of machines that serve with this configuration, such as 2, or be left out';
    report.value('HEADRACE_REPLICAS').error(undefined, [], expected);
  }
  if (env.HEADRACE_PORT?.startsWith('tcp://')) {
    const cause =
      'was set by Kubernetes for a Service called headrace; set enableServiceLinks: false in the pod, or pass --port';
    report.value('HEADRACE_PORT').warning(undefined, [], cause);
  }
}

/** The settings as the rest of the gateway sees them. */
export function buildSettings(
  resolved: ResolvedSettings,
  parts: {
    readonly folder: ConfigFolder;
    readonly keys: GatewayKeys;
    readonly connectorsFile: string | undefined;
    readonly defaultBackend: string | undefined;
    readonly places: StoragePlaces;
    readonly extra: Settings['effective'];
  },
): Settings {
  const shown = new Map(
    [...shownStorage(resolved, parts.places), ...shownSharedLimits(resolved)].map((one) => [one.name, one]),
  );
  return {
    host: (resolved.host.value ?? settingDefaults.host).replace(/^\[(.*)\]$/, '$1'),
    port: resolved.port.value ?? settingDefaults.port,
    configDir: parts.folder.absolute,
    connectorsFile: parts.connectorsFile,
    defaultBackend: parts.defaultBackend,
    forceContextWindow: resolved.forceContextWindow.value,
    logLevel: resolved.logLevel.value ?? settingDefaults.log_level,
    workers: resolved.workers.value ?? settingDefaults.workers,
    maxRequestBytes: resolved.maxRequestBytes.value ?? settingDefaults.max_request_bytes,
    maxResponseBytes: resolved.maxResponseBytes.value ?? settingDefaults.max_response_bytes,
    storage: storageSettings(resolved, parts.places),
    sharedLimits: sharedLimitsSettings(resolved),
    idempotency: idempotencySettings(resolved),
    telemetry: telemetrySettings(resolved, parts.folder),
    shutdownTimeoutMs: Math.round((resolved.shutdownTimeout.value ?? settingDefaults.shutdown_timeout) * 1000),
    streamHeartbeatMs: Math.round((resolved.streamHeartbeat.value ?? settingDefaults.stream_heartbeat) * 1000),
    effective: [
      ...Object.values(resolved).map(
        (one) => shown.get(one.name) ?? { name: one.name, value: one.value, source: one.source },
      ),
      ...parts.extra,
      ...parts.keys.effective,
    ],
  };
}

function telemetrySettings(resolved: ResolvedSettings, folder: ConfigFolder): TelemetrySettings {
  const captured = resolved.captureFolder.value;
  const maxFiles = resolved.captureMaxFiles.value ?? telemetryDefaults.max_files;
  const workers = resolved.workers.value ?? settingDefaults.workers;
  if (captured !== undefined && maxFiles < workers) {
    resolved.captureMaxFiles.error(`must be at least ${workers}, since each of the ${workers} workers writes a file`);
  }
  return {
    logBodies: resolved.logBodies.value ?? telemetryDefaults.log_bodies,
    capture:
      captured === undefined
        ? undefined
        : {
            folder: resolvePath(folder.absolute, captured),
            maxBytes: resolved.captureMaxBytes.value ?? telemetryDefaults.max_bytes,
            maxFiles,
          },
  };
}
