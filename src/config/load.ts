import { join } from 'node:path';
import { loadBackendFile } from './backend-file.ts';
import { type BackendFolder, findBackendFolders } from './backend-folders.ts';
import { kindBaseUrl } from './backend-url.ts';
import { baseUrlBackend, baseUrlBackendName } from './base-url-backend.ts';
import { checkTree } from './check-tree.ts';
import type { BackendConfig, Config, EffectiveSetting } from './config.ts';
import { type ConfigFolder, findConfigFolder, kindOf } from './config-folder.ts';
import { loadConnectorsFile } from './connectors-file.ts';
import type { Flags, LoadOptions } from './flags.ts';
import { type GatewayKeys, loadGatewayKeys } from './gateway-keys.ts';
import { implicitBackends } from './implicit-backends.ts';
import { heldNames, settleConnectors } from './pending.ts';
import type { Problem } from './problem.ts';
import { readYamlFile } from './read-yaml.ts';
import { Report } from './report.ts';
import type { SettingContext, SettingsTree } from './resolve-setting.ts';
import { settingsFile } from './schema/settings-file.ts';
import {
  buildSettings,
  checkOpenness,
  checkVariableNames,
  listenAddress,
  type ResolvedSettings,
  resolveSettings,
} from './settings.ts';
import { didYouMean } from './suggest.ts';

export type { Flags, LoadOptions };

/** What a run over the whole configuration gives. */
export interface LoadedConfig {
  /** Everything that is wrong or doubtful, file after file, in each by line and column. */
  readonly problems: readonly Problem[];
  /** There exactly if no problem is an error. */
  readonly config: Config | undefined;
}

/**
 * Loads and checks the whole configuration: flags, environment, `headrace.yaml`, every `backend.yaml` and the
 * connectors file. Finds every problem in one run. Opens no port, prints nothing and never exits.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const report = new Report();
  const bare: SettingContext = { flags: options.flags, env: options.env, report, file: undefined };
  const folder = await findConfigFolder(options, bare);
  const context = { ...bare, file: await readSettings(options, folder, report) };
  const settings = resolveSettings(folder, context);
  const keys = loadGatewayKeys(context);
  checkOpenness(settings, keys);
  checkVariableNames(options.env, report);
  const config = await assemble(options, folder, settings, keys, report);
  return { problems: report.problems(), config: report.failed ? undefined : config };
}

async function readSettings(
  options: LoadOptions,
  folder: ConfigFolder,
  report: Report,
): Promise<SettingsTree | undefined> {
  const file = report.file(join(folder.shown, 'headrace.yaml'));
  for (const other of ['headrace.yml', 'headrace.toml', 'headrace.json']) {
    if ((await kindOf(join(folder.absolute, other))) !== 'file') continue;
    report.file(join(folder.shown, other)).warning(undefined, [], 'is not read; the settings stand in headrace.yaml');
  }
  const tree = await readYamlFile(join(folder.absolute, 'headrace.yaml'), options.env, file);
  if (tree === 'missing' || !tree) return undefined;
  return { tree, value: checkTree(settingsFile, tree, file) ?? {}, report: file };
}

async function assemble(
  options: LoadOptions,
  folder: ConfigFolder,
  settings: ResolvedSettings,
  keys: GatewayKeys,
  report: Report,
): Promise<Config> {
  const own = listenAddress(settings);
  const typed = baseUrlBackend(settings.baseUrl, options.env, own, report);
  const { folders, written } = await findBackendFolders(folder, report);
  const reports = folders.map((one) => report.file(one.shown));
  const loaded = await Promise.all(
    folders.map((one, index) =>
      loadBackendFile(one, { env: options.env, own }, reports[index] ?? report.file(one.shown)),
    ),
  );
  const file = await loadConnectorsFile(options, folder, settings.connectors, own, report);
  const given = settings.baseUrl.from !== 'default' || written || settings.connectors.from !== 'default' || file;
  const implicit = given ? [] : await implicitBackends(options.env, report);
  const backends = byName([...(typed ? [typed] : []), ...loaded.filter((one) => one !== undefined), ...implicit]);
  checkDefaultFolder(settings, folders, report);
  const names = new Set([...backends.keys(), ...folders.map((one) => one.name)]);
  const defaultBackend = findDefaultBackend(settings, typed, names);
  const connectors = file ? settleConnectors(file.found.connectors, heldNames(backends), file.report) : new Map();
  return {
    settings: buildSettings(withKindUrl(settings), {
      folder,
      keys,
      connectorsFile: file?.shown,
      defaultBackend,
      extra: keyOfBaseUrl(typed),
    }),
    keys: keys.keys,
    backends,
    providers: file?.found.providers ?? new Map(),
    connectors,
  };
}

function byName(backends: readonly BackendConfig[]): ReadonlyMap<string, BackendConfig> {
  return new Map(backends.map((backend) => [backend.name, backend]));
}

function checkDefaultFolder(settings: ResolvedSettings, folders: readonly BackendFolder[], report: Report): void {
  const folder = folders.find((one) => one.name === baseUrlBackendName);
  if (!folder || settings.baseUrl.from === 'default') return;
  const by = settings.baseUrl.source.replace(/^\w+ /, '');
  report
    .file(folder.shown)
    .error(undefined, [], `the name default is taken by ${by}; rename this folder, or leave ${by} out`);
}

function findDefaultBackend(
  settings: ResolvedSettings,
  typed: BackendConfig | undefined,
  names: ReadonlySet<string>,
): string | undefined {
  const asked = settings.defaultBackend.value;
  if (asked === undefined) return typed?.name;
  if (!names.has(asked)) {
    const there = names.size > 0 ? `the backends are ${[...names].join(', ')}` : 'there are no backends';
    settings.defaultBackend.error(`must be the name of a backend${didYouMean(asked, names)}; ${there}`);
  }
  return asked;
}

/** The URL of `--base-url` as it is used. */
function withKindUrl(settings: ResolvedSettings): ResolvedSettings {
  const { value } = settings.baseUrl;
  return value === undefined ? settings : { ...settings, baseUrl: { ...settings.baseUrl, value: kindBaseUrl(value) } };
}

function keyOfBaseUrl(backend: BackendConfig | undefined): EffectiveSetting[] {
  if (backend?.credential.kind !== 'key' || !backend.credential.secret) return [];
  const { source, secret } = backend.credential;
  return [{ name: 'base_url.key', value: `env ${source} ${secret.hint()}`.trimEnd(), source: `environment ${source}` }];
}
