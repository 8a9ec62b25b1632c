import type { ChaosBackend } from './chaos-backend.ts';

/** A `backend.yaml` for a backend, with more lines. */
export function backendFile({ url }: ChaosBackend, ...lines: readonly string[]): string {
  const all = ['backend_type: custom', `api_base_url: ${url}`, 'auth_type: none', ...lines];
  return `${all.join('\n')}\n`;
}

/** The files of several backends, each with the same lines more. */
export function backendFiles(backends: readonly ChaosBackend[], ...lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    backends.map((backend) => [`backends/${backend.name}/backend.yaml`, backendFile(backend, ...lines)]),
  );
}
