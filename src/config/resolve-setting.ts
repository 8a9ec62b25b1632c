import type { z } from 'zod';
import { checkTree, type Loose } from './check-tree.ts';
import type { Environment, Flags } from './flags.ts';
import type { FileReport, Report } from './report.ts';
import type { SettingsFile } from './schema/settings-file.ts';
import type { SettingSource } from './setting-sources.ts';
import type { Spot } from './spot.ts';
import { nodeAt, type Path, type Place, type TreeNode } from './tree.ts';

/** `headrace.yaml`, already checked whole. */
export interface SettingsTree {
  readonly tree: TreeNode;
  readonly value: Loose<SettingsFile>;
  readonly report: FileReport;
}

/** Where settings are looked for. */
export interface SettingContext {
  readonly flags: Flags;
  readonly env: Environment;
  readonly report: Report;
  readonly file: SettingsTree | undefined;
}

/** A setting's value with the place it comes from. */
export interface Resolved<T> {
  readonly name: string;
  /** undefined: it is not set, or it is faulty and was reported. */
  readonly value: T | undefined;
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** `flag --port`, `environment PORT`, `config/headrace.yaml:3:9` or `default`. */
  readonly source: string;
  /** Reports a problem with this value at its place. */
  readonly error: (message: string) => void;
  readonly spot: Spot;
}

/** Finds a setting: flag > environment > `headrace.yaml` > default. An empty variable counts as unset. */
export function resolveSetting<S extends z.ZodType>(
  setting: SettingSource<S>,
  context: SettingContext,
): Resolved<z.output<S>> {
  const typed = setting.flag && context.flags[setting.flag];
  if (typed !== undefined && setting.option) return fromText(setting, typed, 'flag', setting.option, context);
  for (const variable of setting.variables ?? []) {
    const text = context.env[variable];
    if (text?.trim()) return fromText(setting, text, 'environment', variable, context);
  }
  return fromFile(setting, context) ?? fromDefault(setting, context);
}

function fromText<S extends z.ZodType>(
  setting: SettingSource<S>,
  text: string,
  from: 'flag' | 'environment',
  label: string,
  context: SettingContext,
): Resolved<z.output<S>> {
  const report = context.report.value(label);
  const place: Place = { line: 1, column: 1 };
  const value = checkTree(setting.schema, { kind: 'scalar', place, value: text.trim(), substituted: true }, report);
  return {
    name: setting.name,
    value: value as z.output<S> | undefined,
    from,
    source: `${from} ${label}`,
    error: (message) => report.error(undefined, [], message),
    spot: { report, place: undefined, path: [] },
  };
}

function fromFile<S extends z.ZodType>(
  setting: SettingSource<S>,
  context: SettingContext,
): Resolved<z.output<S>> | undefined {
  const { file } = context;
  const path = setting.path;
  const node = file && path && nodeAt(file.tree, path);
  if (!file || !path || !node) return undefined;
  return {
    name: setting.name,
    value: valueAt(file.value, path) as z.output<S> | undefined,
    from: 'file',
    source: `${file.report.name}:${node.place.line}:${node.place.column}`,
    error: (message) => file.report.error(node.place, path, message),
    spot: { report: file.report, place: node.place, path },
  };
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) here = here === undefined ? undefined : (here as Record<string | number, unknown>)[step];
  return here;
}

function fromDefault<S extends z.ZodType>(setting: SettingSource<S>, context: SettingContext): Resolved<z.output<S>> {
  const label = setting.option ?? setting.name;
  const report = () => context.report.value(label); // asked for only with a problem, since that fixes its order
  return {
    name: setting.name,
    value: setting.fallback,
    from: 'default',
    source: 'default',
    error: (message) => report().error(undefined, [], message),
    get spot() {
      return { report: report(), place: undefined, path: [] };
    },
  };
}
