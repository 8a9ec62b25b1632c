import { join, resolve } from 'node:path';
import type { ConfigFolder } from './config-folder.ts';
import { type Connectors, checkConnectors } from './connectors.ts';
import type { LoadOptions } from './flags.ts';
import type { ListenAddress } from './listen-address.ts';
import type { LoadMemory } from './load-memory.ts';
import { decodeText } from './read-file.ts';
import type { FileReport, Report } from './report.ts';
import type { Resolved } from './resolve-setting.ts';
import type { SourceFiles } from './source-files.ts';
import { substituteVariables } from './substitute.ts';
import { readTomlTree } from './toml-tree.ts';

/** The connectors file that was found. */
export interface ConnectorsFile {
  /** As the user would name it. */
  readonly shown: string;
  readonly report: FileReport;
  readonly found: Connectors;
}

const defaultName = 'external-api-connectors.toml';
const none: Connectors = { providers: new Map(), connectors: [] };

/** What loading the connectors file needs beside the setting that names it. */
export interface ConnectorsContext {
  readonly options: LoadOptions;
  readonly folder: ConfigFolder;
  readonly own: ListenAddress | undefined;
  readonly files: SourceFiles;
  readonly memory: LoadMemory;
}

/** Loads the connectors file. A named one must exist; the default one need not, and then there is none. */
export async function loadConnectorsFile(
  setting: Resolved<string>,
  context: ConnectorsContext,
  report: Report,
): Promise<ConnectorsFile | undefined> {
  const { options, folder, own, files, memory } = context;
  if (setting.value === undefined && setting.from !== 'default') return undefined;
  const fromFolder = setting.from === 'file' || setting.from === 'default';
  const named = setting.value ?? defaultName;
  const shown = fromFolder ? (resolve(named) === named ? named : join(folder.shown, named)) : join(named, '.');
  const file = report.file(shown);
  const path = resolve(options.cwd, shown);
  const read = await files.read(path, file);
  if (read === 'missing') {
    if (setting.from === 'default') return undefined;
    setting.error(`the connectors file ${shown} does not exist; write it, or leave this out`);
    return { shown, report: file, found: none };
  }
  if (!read) return { shown, report: file, found: none };
  const key = JSON.stringify([read.digest, shown, own]);
  const found = await memory.recall(path, key, file, async () => ({
    value: await checkConnectorsFile(read.bytes, context, file),
    isLasting: true,
  }));
  return { shown, report: file, found };
}

async function checkConnectorsFile(
  bytes: Uint8Array,
  { options, own }: ConnectorsContext,
  report: FileReport,
): Promise<Connectors> {
  const text = decodeText(bytes, report);
  const tree = text === undefined ? undefined : await readTomlTree(text, report);
  const filled = tree && substituteVariables(tree, options.env, report);
  return filled?.kind === 'mapping' ? checkConnectors(filled, own, report) : none;
}
