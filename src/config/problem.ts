/** One thing that is wrong (or doubtful) in the configuration, at its place. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** The file as the user would name it, or the name of a flag or an environment variable. */
  readonly file: string;
  /** From 1; absent for what has no place in a file. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The setting, such as `models."gpt-4.1".limits`; names with other characters than `[A-Za-z0-9_-]` are quoted. */
  readonly path?: string;
  /** What is wrong and what to write instead. Never holds a value that could be a secret. */
  readonly message: string;
}

/** `file:line:column: path: what is wrong`, with `warning: ` before the text of a warning. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const parts = [place];
  if (problem.path) parts.push(problem.path);
  parts.push(problem.severity === 'warning' ? `warning: ${problem.message}` : problem.message);
  return parts.join(': ');
}
