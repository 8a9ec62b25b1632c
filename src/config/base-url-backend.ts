import type { BackendConfig, Credential } from './backend-config.ts';
import { backendUrlProblem, kindBaseUrl, splitBackendUrl } from './backend-url.ts';
import { timing } from './build-backend.ts';
import type { Environment } from './flags.ts';
import { secretFrom, unsendable } from './key-value.ts';
import { isOwnAddress, type ListenAddress, ownAddressText } from './listen-address.ts';
import type { Report } from './report.ts';
import type { Resolved } from './resolve-setting.ts';
import { unpooled } from './unpooled.ts';

const keyVariable = 'OPENAI_API_KEY';

/** The name of the backend that `--base-url` makes. */
export const baseUrlBackendName = 'default';

/** The backend of `--base-url` and `OPENAI_API_KEY`, one pair; undefined where there is none or it has a problem. */
export function baseUrlBackend(
  setting: Resolved<string>,
  env: Environment,
  own: ListenAddress | undefined,
  report: Report,
): BackendConfig | undefined {
  if (setting.value === undefined) return undefined;
  const url = kindBaseUrl(setting.value);
  const fault = backendUrlProblem(url, { query: true, keySetting: keyVariable });
  if (fault) return void setting.error(fault);
  const split = splitBackendUrl(url);
  if (own && isOwnAddress(split.baseUrl, own)) setting.error(ownAddressText);
  const secret = secretFrom(env[keyVariable]);
  if (secret && unsendable(secret.reveal())) {
    report
      .value(keyVariable)
      .error(undefined, [], 'has a line break or another character that no HTTP header can carry');
  }
  const credential: Credential = secret
    ? { kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source: keyVariable, variable: keyVariable }
    : { kind: 'none', remedy: keyVariable };
  return {
    name: baseUrlBackendName,
    origin: 'base-url',
    type: 'custom',
    ...split,
    ...unpooled(credential),
    headers: [],
    models: new Map(),
    defaultModel: undefined,
    ...timing(),
    place: setting.source.replace(/^\w+ /, ''),
  };
}
