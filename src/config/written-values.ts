import { Secret } from '../secret.ts';
import type { BackendConfig } from './backend-config.ts';
import type { EffectiveSetting } from './config.ts';
import type { Environment } from './flags.ts';
import { readYaml } from './read-yaml.ts';
import { Report } from './report.ts';
import { backendDefaults } from './schema/backend-file.ts';
import { breakerFileDefaults, queueDefaults } from './schema/backend-sections.ts';
import { addStep, formatPath, type Path, type TreeNode } from './tree.ts';

/** Fields whose text may be a secret wherever they stand. */
const hiddenNames: ReadonlySet<string> = new Set(['headers', 'api_key', 'private_key']);

/** Every value that a file says, with its place; what may be a secret with at most its last four characters. */
export function writtenValues(tree: TreeNode, file: string, top: Path = []): EffectiveSetting[] {
  const values: EffectiveSetting[] = [];
  const walk = (node: TreeNode, path: string, isHidden: boolean): void => {
    if (node.kind === 'list') {
      node.items.forEach((item, index) => void walk(item, addStep(path, index), isHidden));
    } else if (node.kind === 'mapping') {
      for (const [name, entry] of node.entries) {
        walk(entry.node, addStep(path, name), isHidden || hiddenNames.has(name));
      }
    } else {
      const value = isHidden ? new Secret(String(node.value)).hint() || '[secret]' : node.value;
      values.push({ name: path, value, source: `${file}:${node.place.line}:${node.place.column}` });
    }
  };
  walk(tree, formatPath(top), false);
  return values;
}

/**
 * The same, read anew from the bytes of a YAML file. Texts for every value would be most of what a configuration takes,
 * and are hardly ever asked for.
 */
export function writtenIn(bytes: Uint8Array, env: Environment, file: string): EffectiveSetting[] {
  const tree = readYaml(bytes, env, new Report().file(file));
  return tree === undefined ? [] : writtenValues(tree, file);
}

/** All values of a backend: those that its file says, and those that it does not. */
export function backendValues(config: BackendConfig): EffectiveSetting[] {
  const written = config.written?.() ?? [];
  return [...written, ...impliedValues(config, written)];
}

/** The values of a backend that its file leaves to the defaults, and where its key comes from. */
export function impliedValues(config: BackendConfig, shown = config.written?.() ?? []): EffectiveSetting[] {
  const written = new Set(shown.map(({ name }) => name));
  const names = ['timeout', 'max_retries', 'retry_delay', 'loading_wait'] as const;
  const values: EffectiveSetting[] = names
    .filter((name) => !written.has(name))
    .map((name) => ({ name, value: backendDefaults[name], source: 'default' }));
  if (!written.has('api_base_url') && !written.has('base_url')) {
    values.unshift({ name: 'api_base_url', value: config.baseUrl, source: config.place });
  }
  return [...values, ...impliedTraffic(config, written), ...keyValues(config)];
}

/** What `breaker` and `queue` leave to the defaults. */
function impliedTraffic({ concurrency }: BackendConfig, written: ReadonlySet<string>): EffectiveSetting[] {
  const sections = { ...(concurrency && { queue: queueDefaults }), breaker: breakerFileDefaults };
  return Object.entries(sections)
    .flatMap(([section, defaults]) =>
      Object.entries(defaults).map(([name, value]) => ({ name: `${section}.${name}`, value })),
    )
    .filter(({ name }) => !written.has(name))
    .map(({ name, value }) => ({ name, value, source: 'default' }));
}

/** Each key by its variable and its last four characters. */
function keyValues({ keys }: BackendConfig): EffectiveSetting[] {
  const values: EffectiveSetting[] = [];
  for (const [index, { credential }] of keys.entries()) {
    if (credential.kind !== 'key' || credential.variable === undefined) continue;
    const { variable, secret } = credential;
    const value = secret ? `env ${variable} ${secret.hint()}`.trimEnd() : 'not set';
    values.push({ name: keys.length > 1 ? `keys[${index}]` : 'key', value, source: `environment ${variable}` });
  }
  return values;
}
