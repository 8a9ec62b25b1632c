import type { Measurement } from './measured-target.ts';

/** The measurements of a run, by load and target. */
export class Results {
  readonly #rows = new Map<string, Measurement[]>();

  add(load: string, target: string, measurement: Measurement): void {
    const key = `${load} ${target}`;
    this.#rows.set(key, [...(this.#rows.get(key) ?? []), measurement]);
  }

  /** The median of a figure over the rounds; undefined where it was not measured. */
  median(load: string, target: string, figure: (row: Measurement) => number | undefined): number | undefined {
    return median(this.#values(load, target, figure));
  }

  /** The largest of a figure over the rounds. */
  largest(load: string, target: string, figure: (row: Measurement) => number | undefined): number | undefined {
    const values = this.#values(load, target, figure);
    return values.length === 0 ? undefined : Math.max(...values);
  }

  #values(load: string, target: string, figure: (row: Measurement) => number | undefined): number[] {
    const rows = this.#rows.get(`${load} ${target}`) ?? [];
    return rows.map(figure).filter((value) => value !== undefined);
  }
}

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Every load and target as a Markdown table, medians over the rounds; ratios are to the first target. */
export function formatTable(results: Results, loads: readonly string[], targets: readonly string[]): string {
  const reference = targets[0] as string;
  const columns = ['load', 'target', 'CPU us/request', `x ${reference}`, 'requests/s', 'p50 us', 'p99 us'];
  columns.push('first byte p99 us', 'event p99 us', 'event max us', 'RSS MB', 'bad');
  const lines = [row(columns), row(columns.map((_, index) => (index < 2 ? '---' : '--:')))];
  for (const load of loads) {
    const base = results.median(load, reference, (entry) => entry.cpu_us_req);
    for (const target of targets) lines.push(row([load, target, ...formatFigures(results, load, target, base)]));
  }
  return lines.join('\n');
}

function formatFigures(results: Results, load: string, target: string, base: number | undefined): string[] {
  const middle = (figure: (entry: Measurement) => number | undefined) => results.median(load, target, figure);
  const cpu = middle((entry) => entry.cpu_us_req);
  return [
    format(cpu, 1),
    format(cpu === undefined || base === undefined ? undefined : cpu / base, 1),
    format(middle((entry) => entry.rps)),
    format(middle((entry) => entry.lat_us.p50)),
    format(middle((entry) => entry.lat_us.p99)),
    format(middle((entry) => entry.ttfb_p99)),
    format(middle((entry) => entry.chunk_us?.p99)),
    format(results.largest(load, target, (entry) => entry.chunk_us?.max)),
    format(middle((entry) => entry.rss_mb)),
    format(results.largest(load, target, (entry) => entry.errs + entry.non200)),
  ];
}

function format(value: number | undefined, digits = 0): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
