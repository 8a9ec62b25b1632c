import type { BackendAccess } from './backend-access.ts';
import type { BackendFolder } from './backend-folders.ts';
import { splitBackendUrl } from './backend-url.ts';
import type { Loose } from './check-tree.ts';
import type { BackendConfig, Credential, ModelConfig } from './config.ts';
import type { Environment } from './flags.ts';
import { secretFrom } from './key-value.ts';
import { parameterJson } from './model-rules.ts';
import { type BackendFile, backendDefaults } from './schema/backend-file.ts';
import { entriesAt, type TreeNode } from './tree.ts';
import { writtenValues } from './written-values.ts';

interface Parts {
  readonly folder: BackendFolder;
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
    timeoutMs: Math.max(1, Math.round((file.timeout ?? backendDefaults.timeout) * 1000)),
    maxRetries: file.max_retries ?? backendDefaults.max_retries,
    retryDelayMs: Math.round((file.retry_delay ?? backendDefaults.retry_delay) * 1000),
    loadingWaitMs: Math.round((file.loading_wait ?? backendDefaults.loading_wait) * 1000),
  };
}

/** Turns a file without errors into what the gateway works with. */
export function buildBackend({ folder, file, tree, access, tokenizers, env }: Parts): BackendConfig {
  if (access.url === undefined || file.backend_type === undefined)
    throw new Error('a backend without errors has a URL and a type');
  return {
    name: folder.name,
    origin: 'file',
    type: file.backend_type,
    ...splitBackendUrl(access.url),
    credential: buildCredential(file, access, env),
    headers: Object.entries(file.headers ?? {}).map(([name, value]) => [name, value ?? ''] as const),
    models: buildModels(file, tree, tokenizers),
    defaultModel: file.default_model,
    ...timing(file),
    place: folder.shown,
    written: writtenValues(tree, folder.shown),
  };
}

function buildCredential(file: Loose<BackendFile>, access: BackendAccess, env: Environment): Credential {
  const { variable, authType } = access;
  if (authType === 'none' || variable === undefined) return { kind: 'none', remedy: 'api_key_env_var' };
  const bearer = authType === 'bearer';
  return {
    kind: 'key',
    header: bearer ? 'authorization' : (file.auth_header ?? 'authorization').toLowerCase(),
    prefix: bearer ? 'Bearer ' : '',
    secret: secretFrom(env[variable]),
    source: variable,
    variable,
  };
}

function buildModels(
  file: Loose<BackendFile>,
  tree: TreeNode,
  tokenizers: ReadonlyMap<string, string>,
): ReadonlyMap<string, ModelConfig> {
  const models = new Map<string, ModelConfig>();
  for (const [name, model] of Object.entries(file.models ?? {})) {
    const limits = model?.limits;
    const parameters = new Map<string, string>();
    for (const [parameter, entry] of entriesAt(tree, ['models', name, 'parameters'])) {
      const json = parameterJson(parameter, entry.node);
      if (json !== undefined) parameters.set(parameter, json);
    }
    models.set(name, {
      limits: {
        contextWindow: limits?.context_window,
        maxInputTokens: limits?.max_input_tokens,
        maxOutputTokens: limits?.max_output_tokens,
        requestsPerMinute: limits?.requests_per_minute,
        tokensPerMinute: limits?.tokens_per_minute,
      },
      parameters,
      tokenizer: tokenizers.get(name) ?? model?.tokenizer ?? backendDefaults.tokenizer,
    });
  }
  return models;
}
