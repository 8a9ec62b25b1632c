import type { BackendConfig } from '../config/backend-config.ts';

/** The headers of the configuration, and where it has none of that name, the gateway's own. */
export function ownHeaders(config: BackendConfig, userAgent: string): string[] {
  const given = new Set(config.headers.map(([name]) => name.toLowerCase()));
  const own: [string, string][] = [
    ['user-agent', userAgent],
    ['accept', 'application/json, text/event-stream'],
    ['accept-encoding', 'identity'],
  ];
  return [...own.filter(([name]) => !given.has(name)), ...config.headers].flat();
}

/** The names of what may hold a secret, in lower case. */
export function hiddenHeaders({ headers, keys }: BackendConfig): ReadonlySet<string> {
  const ofKeys = keys.map(({ credential }) => (credential.kind === 'key' ? credential.header : 'authorization'));
  return new Set([...headers.map(([name]) => name), ...ofKeys].map((name) => name.toLowerCase()));
}
