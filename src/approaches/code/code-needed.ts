import type { ApproachesConfig } from '../../config/approaches-config.ts';

/** What approaches that run code lack; undefined: nothing. */
export function codeNeeded({ codeExecution }: ApproachesConfig): string | undefined {
  if (codeExecution.enabled) return undefined;
  return 'it runs code that a model wrote, which is off; set approaches.code_execution with enabled: true and the command of a sandbox';
}
