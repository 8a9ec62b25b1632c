import type { BackendConfig, Credential } from '../config/backend-config.ts';

/** Whether requests can go out with it: only a key whose variable is not set is of no use. */
export function isConfigured(credential: Credential): boolean {
  return credential.kind !== 'key' || credential.secret !== undefined;
}

/** The place in `keys` of the first that is configured; undefined: none is. */
export function configuredKey({ keys }: BackendConfig): number | undefined {
  const at = keys.findIndex(({ credential }) => isConfigured(credential));
  return at < 0 ? undefined : at;
}
