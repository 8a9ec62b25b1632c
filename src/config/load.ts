import { join } from 'node:path';
import { type Approaches, loadApproaches } from './approaches.ts';
import type { BackendConfig } from './backend-config.ts';
import { loadBackendFile } from './backend-file.ts';
import { type BackendFolder, findBackendFolders } from './backend-folders.ts';
import { kindBaseUrl } from './backend-url.ts';
import { baseUrlBackend, baseUrlBackendName } from './base-url-backend.ts';
import { loadBrake } from './brake-settings.ts';
import { checkTree } from './check-tree.ts';
import { tryCodeSandbox } from './code-sandbox.ts';
import type { Config, EffectiveSetting } from './config.ts';
import { type ConfigFolder, findConfigFolder, kindOf } from './config-folder.ts';
import { loadConnectorsFile } from './connectors-file.ts';
import { DeclaredModels } from './declared-models.ts';
import type { Flags, LoadOptions } from './flags.ts';
import { type GatewayKeys, loadGatewayKeys } from './gateway-keys.ts';
import { implicitBackends } from './implicit-backends.ts';
import { loadLimitSections } from './limit-section.ts';
import { LoadMemory } from './load-memory.ts';
import { mapLimited } from './pace.ts';
import { nameHolder, settleConnectors } from './pending.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './read-yaml.ts';
import { Report } from './report.ts';
import type { SettingContext, SettingsTree } from './resolve-setting.ts';
import { routeNames } from './routes.ts';
import { loadRouting } from './routing.ts';
import { settingsFile } from './schema/settings-file.ts';
import {
  buildSettings,
  checkOpenness,
  checkVariableNames,
  listenAddress,
  type ResolvedSettings,
  resolveSettings,
} from './settings.ts';
import { SourceFiles, type Sources } from './source-files.ts';

export type { Flags, LoadOptions };

/** What a run over the whole configuration gives. */
export interface LoadedConfig {
  /** Everything that is wrong or doubtful, file after file, in each by line and column. */
  readonly problems: readonly Problem[];
  /** There exactly if no problem is an error. */
  readonly config: Config | undefined;
  /** What was read for it, also where that is wrong. */
  readonly sources: Sources;
}

/** What the parts of a run share. */
interface Run {
  readonly options: LoadOptions;
  readonly report: Report;
  readonly files: SourceFiles;
  readonly memory: LoadMemory;
}

/** How many files are open at a time: at first, and while requests are served. */
const filesAtOnce = { first: 8, later: 2 };

/**
 * Loads and checks the whole configuration: flags, environment, `headrace.yaml`, every `backend.yaml` and the
 * connectors file. Finds every problem in one run. Prints nothing and never exits, and opens no port but where it tries
 * a sandbox.
 * @param memory of the earlier runs with the same options
 */
export async function loadConfig(options: LoadOptions, memory: LoadMemory = new LoadMemory()): Promise<LoadedConfig> {
  memory.begin();
  const report = new Report();
  const run = { options, report, files: new SourceFiles(), memory };
  const bare: SettingContext = { flags: options.flags, env: options.env, report, file: undefined };
  const folder = await findConfigFolder(options, bare);
  const context = { ...bare, file: await readSettings(run, folder) };
  const settings = resolveSettings(folder, context);
  const keys = loadGatewayKeys(context);
  checkOpenness(settings, keys);
  checkVariableNames(options.env, report);
  const approaches = loadApproaches(context, options.approaches);
  await tryCodeSandbox(context.file, approaches.config.codeExecution, folder.absolute, options.sandbox);
  const config = await assemble(run, folder, { settings, keys, approaches, settingsTree: context.file });
  memory.end();
  const sources = { configDir: folder.absolute, contents: run.files.contents };
  return { problems: report.problems(), config: report.failed ? undefined : config, sources };
}

async function readSettings({ options, report, files }: Run, folder: ConfigFolder): Promise<SettingsTree | undefined> {
  const file = report.file(join(folder.shown, 'headrace.yaml'));
  for (const other of ['headrace.yml', 'headrace.toml', 'headrace.json']) {
    if ((await kindOf(join(folder.absolute, other))) !== 'file') continue;
    report.file(join(folder.shown, other)).warning(undefined, [], 'is not read; the settings stand in headrace.yaml');
  }
  const read = await files.read(join(folder.absolute, 'headrace.yaml'), file);
  const tree = read === 'missing' ? undefined : read && readYaml(read.bytes, options.env, file);
  if (!tree) return undefined;
  return { tree, value: checkTree(settingsFile, tree, file) ?? {}, report: file };
}

interface Resolutions {
  readonly settings: ResolvedSettings;
  readonly keys: GatewayKeys;
  readonly approaches: Approaches;
  readonly settingsTree: SettingsTree | undefined;
}

async function assemble(
  run: Run,
  folder: ConfigFolder,
  { settings, keys, approaches, settingsTree }: Resolutions,
): Promise<Config> {
  const { options, report, files, memory } = run;
  const own = listenAddress(settings);
  const typed = baseUrlBackend(settings.baseUrl, options.env, own, report);
  const { folders, written } = await findBackendFolders(folder, report);
  const reports = folders.map((one) => report.file(one.shown));
  const context = { env: options.env, own, files, memory };
  const loaded = await mapLimited(folders, memory.isFirst ? filesAtOnce.first : filesAtOnce.later, (one, index) =>
    loadBackendFile(one, context, reports[index] ?? report.file(one.shown)),
  );
  const file = await loadConnectorsFile(settings.connectors, { options, folder, own, files, memory }, report);
  const given = settings.baseUrl.from !== 'default' || written || settings.connectors.from !== 'default' || file;
  const implicit = given ? [] : await implicitBackends(options.env, report);
  const backends = byName([...(typed ? [typed] : []), ...loaded.filter((one) => one !== undefined), ...implicit]);
  checkDefaultFolder(settings, folders, report);
  const names = new Set([...backends.keys(), ...folders.map((one) => one.name)]);
  await DeclaredModels.prepare(backends, memory.pace);
  const holderOf = nameHolder(backends, routeNames(settingsTree));
  const connectors = file ? settleConnectors(file.found.connectors, holderOf, file.report) : new Map();
  const isModelsKnown = !reports.some(({ failed }) => failed);
  const isConnectorsKnown = file ? !file.report.failed : settings.connectors.from === 'default';
  const known = { backends, backendNames: names, connectors, isModelsKnown, isConnectorsKnown };
  const knownApproaches = { catalogue: options.approaches, settings: approaches.config };
  const routing = loadRouting(settingsTree, settings.defaultBackend, typed, known, knownApproaches);
  return {
    settings: buildSettings(withKindUrl(settings), {
      folder,
      keys,
      connectorsFile: file?.shown,
      defaultBackend: routing.defaultBackend,
      places: { folder, cwd: options.cwd, stateFolder: options.stateFolder },
      extra: [...keyOfBaseUrl(typed), ...routing.written, ...approaches.written],
    }),
    keys: keys.keys,
    ...loadLimitSections(settingsTree),
    ...loadBrake(settingsTree?.value.brake),
    backends,
    providers: file?.found.providers ?? new Map(),
    connectors,
    ...routing.config,
    approaches: approaches.config,
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
