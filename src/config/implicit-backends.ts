import type { BackendConfig, ModelConfig } from './backend-config.ts';
import { splitBackendUrl } from './backend-url.ts';
import { timing } from './build-backend.ts';
import type { Environment } from './flags.ts';
import { secretFrom, unsendable } from './key-value.ts';
import type { Report } from './report.ts';
import { backendDefaults } from './schema/backend-file.ts';
import { unpooled } from './unpooled.ts';
import { readVendor, vendorNames } from './vendors.ts';

/**
 * The backends of who has configured none: each vendor whose key is in the environment, and `demo`, whose server the
 * composition root starts.
 */
export async function implicitBackends(env: Environment, report: Report): Promise<BackendConfig[]> {
  const vendors = await Promise.all(vendorNames().map(readVendor));
  const backends: BackendConfig[] = [];
  for (const vendor of vendors) {
    const variable = vendor.api_key_env_var;
    const secret = variable === undefined ? undefined : secretFrom(env[variable]);
    if (variable === undefined || !secret) continue;
    if (unsendable(secret.reveal())) {
      report
        .value(variable)
        .error(undefined, [], 'has a line break or another character that no HTTP header can carry');
    }
    backends.push({
      ...plainBackend,
      name: vendor.name,
      origin: 'vendor',
      type: vendor.name,
      ...splitBackendUrl(vendor.api_base_url),
      ...unpooled({ kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source: variable, variable }),
      place: variable,
    });
  }
  return [...backends, demo];
}

const plainBackend = { headers: [], models: new Map<string, ModelConfig>(), defaultModel: undefined, ...timing() };

const demo: BackendConfig = {
  ...plainBackend,
  name: 'demo',
  origin: 'demo',
  type: 'custom',
  baseUrl: 'http://127.0.0.1:0/v1',
  query: '',
  ...unpooled({ kind: 'none', remedy: 'api_key_env_var' }),
  models: new Map([
    [
      'echo',
      {
        limits: {
          contextWindow: undefined,
          maxInputTokens: undefined,
          maxOutputTokens: undefined,
          requestsPerMinute: undefined,
          tokensPerMinute: undefined,
        },
        abilities: undefined,
        prices: undefined,
        parameters: new Map<string, string>(),
        tokenizer: backendDefaults.tokenizer,
      },
    ],
  ]),
  place: 'built in, since nothing is configured',
};
