import { join, resolve } from 'node:path';
import { resolveAccess } from './backend-access.ts';
import type { BackendConfig } from './backend-config.ts';
import type { BackendFolder } from './backend-folders.ts';
import { buildBackend } from './build-backend.ts';
import { checkTree, type Loose } from './check-tree.ts';
import { kindOf } from './config-folder.ts';
import type { Environment } from './flags.ts';
import { checkHeaders } from './header-rules.ts';
import { checkKeyVariables } from './key-variables.ts';
import { isOwnAddress, type ListenAddress, ownAddressText } from './listen-address.ts';
import type { LoadMemory } from './load-memory.ts';
import { checkModel } from './model-rules.ts';
import { readYaml } from './read-yaml.ts';
import type { FileReport } from './report.ts';
import { type BackendFile, backendFile } from './schema/backend-file.ts';
import type { Vendor } from './schema/vendor-file.ts';
import type { SourceFiles } from './source-files.ts';
import { didYouMean } from './suggest.ts';
import { nodeAt, type TreeNode } from './tree.ts';
import { readVendor, vendorNames } from './vendors.ts';

/** What checking a backend's file needs to know of the rest. */
export interface BackendContext {
  readonly env: Environment;
  readonly own: ListenAddress | undefined;
  readonly files: SourceFiles;
  readonly memory: LoadMemory;
}

/** Reads and checks one `backend.yaml`. undefined: it has errors, which are in the report. */
export async function loadBackendFile(
  folder: BackendFolder,
  context: BackendContext,
  report: FileReport,
): Promise<BackendConfig | undefined> {
  const path = join(folder.absolute, 'backend.yaml');
  const read = await context.files.read(path, report);
  if (read === 'missing') report.error(undefined, [], 'has disappeared while it was read');
  if (read === 'missing' || !read) return undefined;
  const key = JSON.stringify([read.digest, folder.shown, context.own]);
  return context.memory.recall(path, key, report, () => checkBackendFile(read.bytes, folder, context, report));
}

interface CheckedBackend {
  readonly value: BackendConfig | undefined;
  /** Whether no other file was looked at, such as a tokenizer. */
  readonly isLasting: boolean;
}

async function checkBackendFile(
  bytes: Uint8Array,
  folder: BackendFolder,
  context: BackendContext,
  report: FileReport,
): Promise<CheckedBackend> {
  const tree = readYaml(bytes, context.env, report);
  const file = tree && checkTree(backendFile, tree, report);
  if (!tree || !file) return { value: undefined, isLasting: true };
  const vendor = await findVendor(file, tree, report);
  const access = resolveAccess(file, vendor, tree, report);
  checkKeyVariables(access.keys, context.env, tree, report);
  checkQueue(file, tree, report);
  if (access.url && context.own && isOwnAddress(access.url, context.own)) {
    const place = (nodeAt(tree, ['api_base_url']) ?? nodeAt(tree, ['backend_type']))?.place;
    report.error(place, ['api_base_url'], ownAddressText);
  }
  checkHeaders({ ...file, auth_type: access.authType }, tree, report);
  const tokenizers = await checkModels(file, tree, folder.absolute, report);
  checkDefaultModel(file, tree, report);
  const value = report.failed
    ? undefined
    : buildBackend({ folder, bytes, file, tree, access, tokenizers, env: context.env });
  return { value, isLasting: tokenizers.size === 0 };
}

async function findVendor(
  file: Loose<BackendFile>,
  tree: TreeNode,
  report: FileReport,
): Promise<Vendor | 'custom' | undefined> {
  const type = file.backend_type;
  if (type === undefined || type === 'custom') return type;
  const names = vendorNames();
  if (names.includes(type)) return readVendor(type);
  const allowed = ['custom', ...names];
  const place = nodeAt(tree, ['backend_type'])?.place;
  report.error(place, ['backend_type'], `must be one of ${allowed.join(', ')}${didYouMean(type, allowed)}`);
  return undefined;
}

const encodings = ['o200k_base', 'cl100k_base'];

/** Checks every model; gives the tokenizers that are files, by model, with their absolute paths. */
async function checkModels(
  file: Loose<BackendFile>,
  tree: TreeNode,
  folder: string,
  report: FileReport,
): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const [name, model] of Object.entries(file.models ?? {})) {
    checkModel(model, tree, report, ['models', name]);
    const tokenizer = model?.tokenizer;
    if (tokenizer === undefined || encodings.includes(tokenizer)) continue;
    const path = ['models', name, 'tokenizer'];
    const place = nodeAt(tree, path)?.place;
    const absolute = resolve(folder, tokenizer);
    if (!tokenizer.endsWith('.json')) {
      report.error(
        place,
        path,
        `must be ${encodings.join(', ')} or the path of a tokenizer.json${didYouMean(tokenizer, encodings)}`,
      );
    } else if ((await kindOf(absolute)) !== 'file') {
      report.error(place, path, 'names a file that does not exist; write its path relative to the folder of this file');
    }
    paths.set(name, absolute);
  }
  return paths;
}

function checkDefaultModel(file: Loose<BackendFile>, tree: TreeNode, report: FileReport): void {
  const name = file.default_model;
  const models = Object.keys(file.models ?? {});
  if (name === undefined || models.length === 0 || models.includes(name)) return;
  const place = nodeAt(tree, ['default_model'])?.place;
  report.warning(
    place,
    ['default_model'],
    `is not among models, so it has no limits and no defaults${didYouMean(name, models)}`,
  );
}

/** Checks what `max_concurrent`, `queue` and `breaker` say about each other. */
function checkQueue(file: Loose<BackendFile>, tree: TreeNode, report: FileReport): void {
  const queue = nodeAt(tree, ['queue']);
  if (queue && !nodeAt(tree, ['max_concurrent'])) {
    report.error(queue.place, ['queue'], 'goes only with max_concurrent; write that too, or leave this out');
  }
  const { open, longest } = file.breaker ?? {};
  if (open !== undefined && longest !== undefined && longest < open) {
    const written = (['longest', 'open'] as const).find((name) => nodeAt(tree, ['breaker', name])) ?? 'longest';
    const fault = `breaker.longest (${longest}) is less than breaker.open (${open}); raise it or lower that`;
    report.error(nodeAt(tree, ['breaker', written])?.place, ['breaker', written], fault);
  }
}
