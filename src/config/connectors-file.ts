import { join, resolve } from 'node:path';
import type { ConfigFolder } from './config-folder.ts';
import { type Connectors, checkConnectors } from './connectors.ts';
import type { LoadOptions } from './flags.ts';
import type { ListenAddress } from './listen-address.ts';
import { readTextFile } from './read-file.ts';
import type { FileReport, Report } from './report.ts';
import type { Resolved } from './resolve-setting.ts';
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

/** Loads the connectors file. A named one must exist; the default one need not, and then there is none. */
export async function loadConnectorsFile(
  options: LoadOptions,
  folder: ConfigFolder,
  setting: Resolved<string>,
  own: ListenAddress | undefined,
  report: Report,
): Promise<ConnectorsFile | undefined> {
  if (setting.value === undefined && setting.from !== 'default') return undefined;
  const fromFolder = setting.from === 'file' || setting.from === 'default';
  const named = setting.value ?? defaultName;
  const shown = fromFolder ? (resolve(named) === named ? named : join(folder.shown, named)) : join(named, '.');
  const file = report.file(shown);
  const read = await readTextFile(resolve(options.cwd, shown), file);
  if (read === 'missing') {
    if (setting.from === 'default') return undefined;
    setting.error(`the connectors file ${shown} does not exist; write it, or leave this out`);
    return { shown, report: file, found: none };
  }
  const tree = read && (await readTomlTree(read.text, file));
  const filled = tree && substituteVariables(tree, options.env, file);
  const found = filled?.kind === 'mapping' ? checkConnectors(filled, own, file) : none;
  return { shown, report: file, found };
}
