import type { BackendConfig, BreakerConfig, Credential } from './backend-config.ts';

/** What holds where a `backend.yaml` says nothing, or there is none. */
export const breakerDefaults: BreakerConfig = { failures: 5, openMs: 5000, longestMs: 60_000 };

/** One credential as a pool of its own, with nothing said of concurrency or failures. */
export function unpooled(
  credential: Credential,
): Pick<BackendConfig, 'credential' | 'keys' | 'concurrency' | 'breaker'> {
  return {
    credential,
    keys: [{ credential, weight: 1, requestsPerMinute: undefined, tokensPerMinute: undefined }],
    concurrency: undefined,
    breaker: breakerDefaults,
  };
}
