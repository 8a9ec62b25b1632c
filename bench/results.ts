import type { Measurement } from './measured-target.ts';

/** The measurements of a run, by load and target. */
export class Results {
  readonly #rows = new Map<string, Measurement[]>();
  readonly #share: number;

  /** @param share of the measurements that are below what counts as typical: half of them, for the median */
  constructor(share = 0.5) {
    this.#share = share;
  }

  add(load: string, target: string, measurement: Measurement): void {
    const key = `${load} ${target}`;
    this.#rows.set(key, [...(this.#rows.get(key) ?? []), measurement]);
  }

  /** A figure as it typically is; undefined where it was not measured. */
  typical(load: string, target: string, figure: (row: Measurement) => number | undefined): number | undefined {
    return quantile(this.#values(load, target, figure), this.#share);
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
  return quantile(values, 0.5);
}

/** Between two values where it lies there. */
export function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const lower = sorted[Math.floor(place)] as number;
  const upper = sorted[Math.ceil(place)] as number;
  return lower + (upper - lower) * (place - Math.floor(place));
}

/** Every load and target as a Markdown table, as they typically are; ratios are to the first target. */
export function formatTable(results: Results, loads: readonly string[], targets: readonly string[]): string {
  const reference = targets[0] as string;
  const columns = ['load', 'target', 'CPU us/request', `x ${reference}`, 'requests/s', 'p50 us', 'p99 us'];
  columns.push('first byte p99 us', 'event p99 us', 'event max us', 'RSS MB', 'bad');
  const lines = [row(columns), row(columns.map((_, index) => (index < 2 ? '---' : '--:')))];
  for (const load of loads) {
    const base = results.typical(load, reference, (entry) => entry.cpu_us_req);
    for (const target of targets) lines.push(row([load, target, ...formatFigures(results, load, target, base)]));
  }
  return lines.join('\n');
}

function formatFigures(results: Results, load: string, target: string, base: number | undefined): string[] {
  const middle = (figure: (entry: Measurement) => number | undefined) => results.typical(load, target, figure);
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
