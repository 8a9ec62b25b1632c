import { Secret } from '../secret.ts';
import type { BackendConfig, EffectiveSetting } from './config.ts';
import { backendDefaults } from './schema/backend-file.ts';
import { formatPath, type Path, type TreeNode } from './tree.ts';

/** Fields whose text may be a secret wherever they stand. */
const hiddenNames: ReadonlySet<string> = new Set(['headers', 'api_key', 'private_key']);

/** Every value that a file says, with its place; what may be a secret with at most its last four characters. */
export function writtenValues(tree: TreeNode, file: string): EffectiveSetting[] {
  const values: EffectiveSetting[] = [];
  const walk = (node: TreeNode, path: Path): void => {
    if (node.kind === 'list') {
      node.items.forEach((item, index) => void walk(item, [...path, index]));
    } else if (node.kind === 'mapping') {
      for (const [name, entry] of node.entries) walk(entry.node, [...path, name]);
    } else {
      const isHidden = path.some((step) => hiddenNames.has(String(step)));
      const value = isHidden ? new Secret(String(node.value)).hint() || '[secret]' : node.value;
      values.push({ name: formatPath(path), value, source: `${file}:${node.place.line}:${node.place.column}` });
    }
  };
  walk(tree, []);
  return values;
}

/** The values of a backend that its file leaves to the defaults, and where its key comes from. */
export function impliedValues(config: BackendConfig): EffectiveSetting[] {
  const written = new Set(config.written?.map(({ name }) => name));
  const names = ['timeout', 'max_retries', 'retry_delay', 'loading_wait'] as const;
  const values: EffectiveSetting[] = names
    .filter((name) => !written.has(name))
    .map((name) => ({ name, value: backendDefaults[name], source: 'default' }));
  if (!written.has('api_base_url') && !written.has('base_url')) {
    values.unshift({ name: 'api_base_url', value: config.baseUrl, source: config.place });
  }
  const { credential } = config;
  if (credential.kind === 'key' && credential.variable !== undefined) {
    const value = credential.secret ? `env ${credential.variable} ${credential.secret.hint()}`.trimEnd() : 'not set';
    values.push({ name: 'key', value, source: `environment ${credential.variable}` });
  }
  return values;
}
