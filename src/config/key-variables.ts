import type { Credential, PoolKey } from './backend-config.ts';
import type { Loose } from './check-tree.ts';
import type { Environment } from './flags.ts';
import { cleanKey, secretFrom, unsendable } from './key-value.ts';
import type { FileReport } from './report.ts';
import type { BackendFile } from './schema/backend-file.ts';
import { nodeAt, type Path, type TreeNode } from './tree.ts';

/** A variable that holds a key of a backend, with what its file says of that key. */
export interface KeyVariable extends Pick<PoolKey, 'weight' | 'requestsPerMinute' | 'tokensPerMinute'> {
  readonly variable: string;
  /** Where the file names it. */
  readonly path: Path;
}

/** A variable as the only one, with nothing said of its key. */
export function onlyKey(variable: string): KeyVariable {
  return { ...plain, variable, path: ['api_key_env_var'] };
}

const plain = { weight: 1, requestsPerMinute: undefined, tokensPerMinute: undefined };

/** The variables of `api_key_env_vars`; faulty ones are left out. */
export function pooledKeys(file: Loose<BackendFile>): KeyVariable[] {
  const keys: KeyVariable[] = [];
  for (const [index, entry] of (file.api_key_env_vars ?? []).entries()) {
    const path = ['api_key_env_vars', index];
    if (typeof entry === 'string') keys.push({ ...plain, variable: entry, path });
    else if (entry?.name !== undefined) {
      keys.push({
        variable: entry.name,
        weight: entry.weight ?? 1,
        requestsPerMinute: entry.requests_per_minute,
        tokensPerMinute: entry.tokens_per_minute,
        path: [...path, 'name'],
      });
    }
  }
  return keys;
}

/** Checks what the variables hold, and that no key is there twice. */
export function checkKeyVariables(
  keys: readonly KeyVariable[],
  env: Environment,
  tree: TreeNode,
  report: FileReport,
): void {
  const isPooled = keys.some(({ variable }) => cleanKey(env[variable]) !== undefined);
  const byVariable = new Set<string>();
  const byValue = new Map<string, string>();
  for (const { variable, path } of keys) {
    const place = (nodeAt(tree, path) ?? nodeAt(tree, ['backend_type']))?.place;
    if (byVariable.has(variable)) report.error(place, path, `${variable} stands twice; keep one of them`);
    if (byVariable.has(variable)) continue;
    byVariable.add(variable);
    const key = cleanKey(env[variable]);
    if (key === undefined) {
      const so = isPooled ? 'the other keys of this pool are used' : 'calls to this backend are answered with 503';
      report.warning(place, path, `the environment variable ${variable} is not set or empty; ${so} until it is`);
      continue;
    }
    if (unsendable(key)) {
      const fault = `the key in ${variable} has a line break or another character that no HTTP header can carry`;
      report.error(place, path, fault);
    }
    const same = byValue.get(key);
    if (same !== undefined) {
      report.warning(place, path, `${variable} holds the same key as ${same}; its limits are shared, so take one out`);
    }
    byValue.set(key, same ?? variable);
  }
}

/** The keys of a backend, one without credential where it needs none. */
export function buildKeys(
  keys: readonly KeyVariable[],
  header: { readonly name: string; readonly prefix: string },
  env: Environment,
): readonly [PoolKey, ...PoolKey[]] {
  const [first, ...others] = keys.map(({ variable, weight, requestsPerMinute, tokensPerMinute }): PoolKey => {
    const secret = secretFrom(env[variable]);
    const credential: Credential = {
      kind: 'key',
      header: header.name,
      prefix: header.prefix,
      secret,
      source: variable,
      variable,
    };
    return { credential, weight, requestsPerMinute, tokensPerMinute };
  });
  return [first ?? { ...plain, credential: { kind: 'none', remedy: 'api_key_env_var' } }, ...others];
}

/** The credential that stands for all: the first one that is there. */
export function firstCredential(keys: readonly [PoolKey, ...PoolKey[]]): Credential {
  const isThere = ({ credential }: PoolKey) => credential.kind !== 'key' || credential.secret !== undefined;
  return (keys.find(isThere) ?? keys[0]).credential;
}
