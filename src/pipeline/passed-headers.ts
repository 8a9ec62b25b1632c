import type { UpstreamHeaders } from '../backends/transport.ts';
import type { ModelConfig } from '../config/backend-config.ts';

/** Of a backend's response headers those that a client gets: what describes the body, the vendor's own, its limits. */
export function passedHeaders(headers: UpstreamHeaders, config: ModelConfig | undefined): [string, string][] {
  const passed: [string, string][] = [];
  for (const name in headers) {
    if (!mayPass(name, config)) continue;
    const value = headers[name];
    if (typeof value === 'string') passed.push([name, value]);
    else if (value !== undefined) for (const one of value) passed.push([name, one]);
  }
  return passed;
}

function mayPass(name: string, config: ModelConfig | undefined): boolean {
  if (name === 'content-type') return true;
  if (name.startsWith('openai-')) return true;
  if (!name.startsWith('x-ratelimit-')) return false;
  // Where the gateway has a limit of its own, its own numbers stand there.
  if (name.endsWith('-requests')) return config?.limits.requestsPerMinute === undefined;
  if (name.endsWith('-tokens')) return config?.limits.tokensPerMinute === undefined;
  return config?.limits.requestsPerMinute === undefined && config?.limits.tokensPerMinute === undefined;
}
