import type { CodeRun } from './run-code.ts';

/** How much of what a program complained about is told: its end, where the reason stands. */
const mostCharacters = 4000;

/** What is wrong with a run, in words for whoever mends the program; undefined: it ended without an error. */
export function problemOfRun({ failure, errors }: CodeRun): string | undefined {
  if (failure === undefined) return undefined;
  const said = errors.trim().slice(-mostCharacters);
  return said === '' ? failure : `${said}\n(${failure})`;
}
