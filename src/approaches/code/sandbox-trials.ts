import type { SandboxFindings, SandboxTrial } from '../../config/code-sandbox.ts';

/** Tries a sandbox again only where something of it has changed since, or where it was not good. */
export function createSandboxTrials(): SandboxTrial {
  let last: { readonly key: string; readonly findings: SandboxFindings } | undefined;
  return async (settings, hidden) => {
    const key = JSON.stringify([settings, hidden]);
    if (last?.key === key) return last.findings;
    const { trySandbox } = await import('./try-sandbox.ts'); // loaded only where code may be run
    const findings = await trySandbox(settings, hidden);
    last = findings.faults.length === 0 ? { key, findings } : undefined;
    return findings;
  };
}
