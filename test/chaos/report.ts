/** Something that must hold. */
export interface Check {
  readonly what: string;
  readonly isGood: boolean;
  /** What was measured, or the first of what was wrong. */
  readonly detail: string;
}

/** What one part of the run showed. */
export interface Report {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly checks: readonly Check[];
}

/** A report as Markdown. */
export function formatReport({ title, columns, rows, checks }: Report): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const table = rows.length === 0 ? [] : [line(columns), line(columns.map(() => '---')), ...rows.map(line), ''];
  const results = checks.map(({ what, isGood, detail }) => `- ${isGood ? 'yes' : '**NO**'}: ${what} (${detail})`);
  return [`## ${title}`, '', ...table, ...results, ''].join('\n');
}

/** A check of something of which there must be none. */
export function none(what: string, found: readonly string[]): Check {
  const some = found.slice(0, 5).join('; ');
  return { what, isGood: found.length === 0, detail: found.length === 0 ? 'none' : `${found.length}: ${some}` };
}

/** A check that two numbers are the same. */
export function same(what: string, measured: number, due: number): Check {
  return { what, isGood: measured === due, detail: measured === due ? String(due) : `${measured} instead of ${due}` };
}

/** A check that a number is no more than another. */
export function atMost(what: string, measured: number, most: number, unit: string): Check {
  const round = (value: number) => Math.round(value * 100) / 100;
  return { what, isGood: measured <= most, detail: `${round(measured)} of at most ${round(most)} ${unit}` };
}
