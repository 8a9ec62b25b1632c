import type { RateState } from './limiter.ts';

/** The `x-ratelimit-*` headers, in OpenAI's spelling, for the rates that there are. */
export function rateLimitHeaders(state: RateState): [string, string][] {
  const headers: [string, string][] = [];
  for (const name of ['requests', 'tokens'] as const) {
    const gauge = state[name];
    if (gauge === undefined) continue;
    headers.push(
      [`x-ratelimit-limit-${name}`, String(gauge.limit)],
      [`x-ratelimit-remaining-${name}`, String(gauge.remaining)],
      [`x-ratelimit-reset-${name}`, formatDuration(gauge.resetMs)],
    );
  }
  return headers;
}

/** `850ms`, `12s`, `1m0s`; whole seconds are rounded up. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
