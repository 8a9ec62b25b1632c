import type { CodeExecutionConfig } from './approaches-config.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { nodeAt } from './tree.ts';

/** What trying a sandbox has shown. */
export interface SandboxFindings {
  /** Why it may not be used. */
  readonly faults: readonly string[];
  /** What is doubtful about it. */
  readonly doubts: readonly string[];
}

/**
 * Tries the sandbox for code by running something harmless in it.
 * @param hidden a folder that nothing in it may read
 */
export type SandboxTrial = (settings: CodeExecutionConfig, hidden: string) => Promise<SandboxFindings>;

/** Tries the sandbox where code may be run; what is found is in the report. */
export async function tryCodeSandbox(
  file: SettingsTree | undefined,
  settings: CodeExecutionConfig,
  configDir: string,
  trial: SandboxTrial | undefined,
): Promise<void> {
  if (trial === undefined || file === undefined || !isRunnable(settings)) return;
  const path = ['approaches', 'code_execution', 'command'];
  const place = nodeAt(file.tree, path)?.place;
  const { faults, doubts } = await trial(settings, configDir);
  for (const fault of faults) file.report.error(place, path, fault);
  for (const doubt of doubts) file.report.warning(place, path, doubt);
}

/** Whether it is wanted, and written so that it can be tried; other faults are told already. */
function isRunnable({ enabled, command }: CodeExecutionConfig): boolean {
  return enabled && (command[0]?.trim() ?? '') !== '' && command.every((part) => !part.includes('\0'));
}
