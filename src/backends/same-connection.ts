import type { BackendConfig, Credential } from '../config/backend-config.ts';
import { isSame } from '../config/fingerprint.ts';

/**
 * Whether two configurations of a backend differ in nothing that its connections, its credential or its messages depend
 * on: everything but the models, the default model, the weights and rates of keys, and the rules of retrying.
 */
export function isSameConnection(one: BackendConfig, other: BackendConfig): boolean {
  return one === other || isSame(connectionOf(one), connectionOf(other));
}

export function isSameCredential(one: Credential, other: Credential): boolean {
  return isSame(one, other);
}

function connectionOf(config: BackendConfig) {
  const { name, origin, type, baseUrl, query, headers, timeoutMs, place, keys } = config;
  const credentials = keys.map(({ credential }) => credential);
  return [name, origin, type, baseUrl, query, headers, timeoutMs, place, credentials];
}
