import type { BackendConfig } from '../config/config.ts';
import { fingerprint } from '../config/fingerprint.ts';

/**
 * Whether two configurations of a backend differ in nothing that its connections, its credential or its messages depend
 * on: everything but the models, the default model and the rules of retrying.
 */
export function isSameConnection(one: BackendConfig, other: BackendConfig): boolean {
  return connectionText(one) === connectionText(other);
}

export function isSameCredential(one: BackendConfig, other: BackendConfig): boolean {
  return fingerprint(one.credential) === fingerprint(other.credential);
}

function connectionText(config: BackendConfig): string {
  const { name, origin, type, baseUrl, query, headers, timeoutMs, place, credential } = config;
  return fingerprint([name, origin, type, baseUrl, query, headers, timeoutMs, place, credential]);
}
