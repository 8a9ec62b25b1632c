import type { ApproachCatalogue } from './approach-catalogue.ts';
import { approachValues } from './approach-values.ts';
import type { AnalyzerConfig, ApproachesConfig, CodeExecutionConfig } from './approaches-config.ts';
import { milliseconds } from './build-backend.ts';
import type { EffectiveSetting } from './config.ts';
import { loadMcpServers, withNul } from './mcp-servers.ts';
import type { SettingContext, SettingsTree } from './resolve-setting.ts';
import { approachesDefaults } from './schema/approaches-section.ts';
import { nodeAt } from './tree.ts';
import { loadWebSearch } from './web-search.ts';

/** The section `approaches`. */
export interface Approaches {
  readonly config: ApproachesConfig;
  /** What it says, value by value with its place, and what it leaves to the defaults. */
  readonly written: readonly EffectiveSetting[];
}

/**
 * Reads and checks the section `approaches`; faults are in the report.
 * @param catalogue undefined: names are taken as they are
 */
export function loadApproaches({ file, env }: SettingContext, catalogue: ApproachCatalogue | undefined): Approaches {
  const value = file?.value.approaches;
  const webSearch = file && loadWebSearch(file, env);
  const config: ApproachesConfig = {
    fromRequest: fromRequest(file),
    maxCalls: value?.max_calls ?? approachesDefaults.max_calls,
    keepAliveMs: milliseconds(value?.keep_alive ?? approachesDefaults.keep_alive),
    codeExecution: loadCodeExecution(file),
    mcpServers: file ? loadMcpServers(file) : new Map(),
    webSearch,
    analyzer: loadAnalyzer(value?.privacy),
    readUrlsAllowHosts: (value?.readurls?.allow_hosts ?? []).filter((host) => host !== undefined),
  };
  if (file) checkFromRequest(file, config, catalogue);
  return { config, written: approachValues(file, webSearch) };
}

function loadAnalyzer(value: NonNullable<SettingsTree['value']['approaches']>['privacy']): AnalyzerConfig | undefined {
  if (value?.analyzer_url === undefined) return undefined;
  const { privacy: defaults } = approachesDefaults;
  return {
    url: value.analyzer_url.replace(/\/+$/, ''),
    language: value.language ?? defaults.language,
    timeoutMs: milliseconds(value.timeout ?? defaults.timeout),
    minimumScore: value.min_score ?? defaults.min_score,
  };
}

function fromRequest(file: SettingsTree | undefined): boolean | ReadonlySet<string> {
  const value = file?.value.approaches?.from_request ?? approachesDefaults.from_request;
  return typeof value === 'boolean' ? value : new Set(value.map((name) => name?.trim() ?? ''));
}

function checkFromRequest(
  { tree, value, report }: SettingsTree,
  config: ApproachesConfig,
  catalogue: ApproachCatalogue | undefined,
): void {
  const written = value.approaches?.from_request;
  if (written === undefined || typeof written === 'boolean') return;
  const seen = new Set<string>();
  for (const [index, text] of written.entries()) {
    const name = text?.trim();
    if (name === undefined) continue;
    const path = ['approaches', 'from_request', index];
    const place = nodeAt(tree, path)?.place;
    if (seen.has(name)) report.warning(place, path, 'stands twice; take one of them out');
    else if (/[&|]/.test(name)) {
      report.error(
        place,
        path,
        'is a pipeline; write each of its approaches by itself, of which requests make pipelines',
      );
    } else {
      // What is wrong with parameters is no fault here, since a request brings its own.
      const fault = catalogue?.check(name, {}, config);
      if (fault?.path.length === 0) report.error(place, path, fault.message);
    }
    seen.add(name);
  }
}

function loadCodeExecution(file: SettingsTree | undefined): CodeExecutionConfig {
  const { code_execution: defaults } = approachesDefaults;
  const value = file?.value.approaches?.code_execution;
  const command = (value?.command ?? []).filter((part) => part !== undefined);
  if (file) checkSandbox(file, command);
  const isEnabledWritten =
    file !== undefined && nodeAt(file.tree, ['approaches', 'code_execution', 'enabled']) !== undefined;
  return {
    enabled: value?.enabled ?? (isEnabledWritten || defaults.enabled), // whoever writes a wrong word has not left it off
    command,
    timeoutMs: milliseconds(value?.timeout ?? defaults.timeout),
    memoryBytes: (value?.memory_mb ?? defaults.memory_mb) * 1024 * 1024,
    outputBytes: (value?.output_kb ?? defaults.output_kb) * 1024,
  };
}

function checkSandbox({ tree, value, report }: SettingsTree, command: readonly string[]): void {
  const path = ['approaches', 'code_execution', 'command'];
  if (!nodeAt(tree, path)) {
    if (value.approaches?.code_execution?.enabled !== true) return;
    const fault =
      'required with enabled: true, as code runs in a sandbox only: its program and its arguments as a list, such as [run-in-sandbox, --no-network]';
    report.error(nodeAt(tree, ['approaches', 'code_execution', 'enabled'])?.place, path, fault);
    return;
  }
  if (command[0]?.trim() === '') {
    report.error(nodeAt(tree, [...path, 0])?.place, [...path, 0], 'must be the program of the sandbox, and is empty');
  }
  for (const [index, part] of command.entries()) {
    if (part.includes('\0')) report.error(nodeAt(tree, [...path, index])?.place, [...path, index], withNul);
  }
}
