import type { BackendConfig, Credential } from '../config/backend-config.ts';
import { fingerprint } from '../config/fingerprint.ts';

/**
 * Whether two configurations of a backend differ in nothing that its connections, its credential or its messages depend
 * on: everything but the models, the default model, the weights and rates of keys, and the rules of retrying.
 */
export function isSameConnection(one: BackendConfig, other: BackendConfig): boolean {
  return connectionText(one) === connectionText(other);
}

export function isSameCredential(one: Credential, other: Credential): boolean {
  return fingerprint(one) === fingerprint(other);
}

function connectionText(config: BackendConfig): string {
  const { name, origin, type, baseUrl, query, headers, timeoutMs, place, keys } = config;
  const credentials = keys.map(({ credential }) => credential);
  return fingerprint([name, origin, type, baseUrl, query, headers, timeoutMs, place, credentials]);
}
