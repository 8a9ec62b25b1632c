import type { BackendAccess } from './backend-access.ts';
import type { BackendConfig, ModelConfig, ModelPrices } from './backend-config.ts';
import type { BackendFolder } from './backend-folders.ts';
import { splitBackendUrl } from './backend-url.ts';
import type { Loose } from './check-tree.ts';
import type { Environment } from './flags.ts';
import { buildKeys, firstCredential } from './key-variables.ts';
import { parameterJson } from './model-rules.ts';
import { type BackendFile, backendDefaults } from './schema/backend-file.ts';
import { breakerFileDefaults, queueDefaults } from './schema/backend-sections.ts';
import { entriesAt, type TreeNode } from './tree.ts';
import { writtenIn } from './written-values.ts';

interface Parts {
  readonly folder: BackendFolder;
  readonly bytes: Uint8Array;
  readonly file: Loose<BackendFile>;
  readonly tree: TreeNode;
  readonly access: BackendAccess;
  readonly tokenizers: ReadonlyMap<string, string>;
  readonly env: Environment;
}

/** The times and retries of a backend, from the units of the file. */
export function timing(
  file: Loose<Pick<BackendFile, 'timeout' | 'max_retries' | 'retry_delay' | 'loading_wait'>> = {},
) {
  return {
    timeoutMs: milliseconds(file.timeout ?? backendDefaults.timeout),
    maxRetries: file.max_retries ?? backendDefaults.max_retries,
    retryDelayMs: Math.round((file.retry_delay ?? backendDefaults.retry_delay) * 1000),
    loadingWaitMs: Math.round((file.loading_wait ?? backendDefaults.loading_wait) * 1000),
  };
}

/** Turns a file without errors into what the gateway works with. */
export function buildBackend({ folder, bytes, file, tree, access, tokenizers, env }: Parts): BackendConfig {
  if (access.url === undefined || file.backend_type === undefined)
    throw new Error('a backend without errors has a URL and a type');
  const bearer = access.authType === 'bearer';
  const name = bearer ? 'authorization' : (file.auth_header ?? 'authorization').toLowerCase();
  const keys = buildKeys(access.keys, { name, prefix: bearer ? 'Bearer ' : '' }, env);
  return {
    name: folder.name,
    origin: 'file',
    type: file.backend_type,
    ...splitBackendUrl(access.url),
    credential: firstCredential(keys),
    keys,
    ...traffic(file),
    headers: Object.entries(file.headers ?? {}).map(([name, value]) => [name, value ?? ''] as const),
    models: buildModels(file, tree, tokenizers),
    defaultModel: file.default_model,
    ...timing(file),
    place: folder.shown,
    written: () => writtenIn(bytes, env, folder.shown),
  };
}

/** How many calls run and wait, and when it is left alone. */
function traffic(file: Loose<BackendFile>): Pick<BackendConfig, 'concurrency' | 'breaker'> {
  const { max_concurrent: maxConcurrent, queue, breaker } = file;
  const concurrency = {
    queueSize: queue?.size ?? queueDefaults.size,
    queueTimeoutMs: milliseconds(queue?.timeout ?? queueDefaults.timeout),
  };
  return {
    concurrency: maxConcurrent === undefined ? undefined : { maxConcurrent, ...concurrency },
    breaker: {
      failures: breaker?.failures ?? breakerFileDefaults.failures,
      openMs: milliseconds(breaker?.open ?? breakerFileDefaults.open),
      longestMs: milliseconds(breaker?.longest ?? breakerFileDefaults.longest),
    },
  };
}

/** Of a time that is more than 0. */
export function milliseconds(seconds: number): number {
  return Math.max(1, Math.round(seconds * 1000));
}

type Prices = NonNullable<NonNullable<Loose<BackendFile>['models']>[string]>['prices'];

/** From dollars for a million tokens to nano-dollars for one, without the noise of binary fractions. */
function nanoDollars(prices: Prices): ModelPrices | undefined {
  if (prices === undefined) return undefined;
  const perToken = (dollars: number | undefined) =>
    dollars === undefined ? undefined : Math.round(dollars * 1e9) / 1e6;
  return {
    input: perToken(prices.input),
    cachedInput: perToken(prices.cached_input),
    output: perToken(prices.output),
  };
}

const noParameters: ReadonlyMap<string, string> = new Map();

function buildParameters(tree: TreeNode, model: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, entry] of entriesAt(tree, ['models', model, 'parameters'])) {
    const json = parameterJson(name, entry.node);
    if (json !== undefined) parameters.set(name, json);
  }
  return parameters;
}

function buildModels(
  file: Loose<BackendFile>,
  tree: TreeNode,
  tokenizers: ReadonlyMap<string, string>,
): ReadonlyMap<string, ModelConfig> {
  const models = new Map<string, ModelConfig>();
  for (const [name, model] of Object.entries(file.models ?? {})) {
    const limits = model?.limits;
    models.set(name, {
      limits: {
        contextWindow: limits?.context_window,
        maxInputTokens: limits?.max_input_tokens,
        maxOutputTokens: limits?.max_output_tokens,
        requestsPerMinute: limits?.requests_per_minute,
        tokensPerMinute: limits?.tokens_per_minute,
      },
      abilities: model?.abilities && new Set(model.abilities.filter((ability) => ability !== undefined)),
      prices: nanoDollars(model?.prices),
      parameters: model?.parameters === undefined ? noParameters : buildParameters(tree, name),
      tokenizer: tokenizers.get(name) ?? model?.tokenizer ?? backendDefaults.tokenizer,
    });
  }
  return models;
}
