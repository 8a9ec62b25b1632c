import { hash } from 'node:crypto';
import type { PackedRows } from './packed-usage.ts';
import type { UsageSumTable } from './tables.ts';
import { summedColumns, usageColumns } from './usage-statements.ts';

export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** Where the columns of a row are. */
const column = Object.fromEntries(usageColumns.map((name, place) => [name, place])) as Readonly<
  Record<(typeof usageColumns)[number], number>
>;
const nameColumns = (['key_name', 'owner', 'team', 'tags', 'asked', 'backend', 'model', 'outcome'] as const).map(
  (name) => column[name],
);

const mostDigests = 20_000;
/** The same names come again and again. */
const digests = new Map<string, string>();

/** The sums of calls, in the order of the primary key. */
export interface SumCells {
  /** By all that they are told apart by. */
  readonly hours: readonly UsageSumTable[];
  readonly days: readonly UsageSumTable[];
  /** Hours over all calls. */
  readonly totals: readonly UsageSumTable[];
}

/** The sums of one hour. */
class HourSums {
  readonly start: number;
  readonly #rows: PackedRows;
  /** By the places of their texts; several may be of one sum. */
  readonly #byPlaces = new Map<string, UsageSumTable>();
  readonly #byNames = new Map<string, UsageSumTable>();

  constructor(start: number, rows: PackedRows) {
    this.start = start;
    this.#rows = rows;
  }

  get cells(): Iterable<UsageSumTable> {
    return this.#byNames.values();
  }

  /** @param from where the row begins */
  add(from: number): void {
    const places = placesOf(this.#rows.cells, from);
    let cell = this.#byPlaces.get(places);
    if (cell === undefined) {
      cell = this.#named(from);
      this.#byPlaces.set(places, cell);
    }
    add(cell, this.#rows.cells, from);
  }

  #named(from: number): UsageSumTable {
    const { cells, texts } = this.#rows;
    const names = nameColumns.map((column) => texts[cells[from + column] as number] ?? '');
    const place = names.join('\0'); // no text holds a NUL character by now
    let cell = this.#byNames.get(place);
    if (cell === undefined) {
      cell = emptyCell(this.start, digestOf(place), names);
      this.#byNames.set(place, cell);
    }
    return cell;
  }
}

export function sumCells(rows: PackedRows): SumCells {
  const hours = new Map<number, HourSums>();
  let hour: HourSums | undefined;
  for (let from = 0; from < rows.cells.length; from += usageColumns.length) {
    const at = rows.cells[from + column.at] as number;
    const start = at - (at % hourMs);
    if (hour?.start !== start) {
      hour = hours.get(start) ?? new HourSums(start, rows);
      hours.set(start, hour);
    }
    hour.add(from);
  }
  const all = [...hours.values()].flatMap(({ cells }) => [...cells]);
  return { hours: all.sort(inOrder), days: joined(all, dayMs), totals: joined(all.map(nameless), hourMs) };
}

/** Sums over longer spans. */
function joined(hours: readonly UsageSumTable[], spanMs: number): UsageSumTable[] {
  const spans = new Map<string, UsageSumTable>();
  for (const hour of hours) {
    const start = hour.start - (hour.start % spanMs);
    const place = `${start} ${hour.cell}`;
    const span = spans.get(place);
    if (span === undefined) spans.set(place, { ...hour, start });
    else for (const column of summedColumns) span[column] += hour[column];
  }
  return [...spans.values()].sort(inOrder);
}

const noNames = {
  cell: '',
  key_name: '',
  owner: '',
  team: '',
  tags: '[]',
  asked: '',
  backend: '',
  model: '',
  outcome: '',
};

function nameless(hour: UsageSumTable): UsageSumTable {
  return { ...hour, ...noNames };
}

function inOrder(one: UsageSumTable, other: UsageSumTable): number {
  return one.start - other.start || (one.cell < other.cell ? -1 : 1);
}

/** A text that tells the places of all names. */
function placesOf(cells: Float64Array, from: number): string {
  let text = '';
  for (const name of nameColumns) {
    const place = cells[from + name] as number;
    // Two characters, as there may be more than one can tell.
    text += Number.isNaN(place) ? '\uffff\uffff' : String.fromCharCode(place & 0xffff, place >>> 16);
  }
  return text;
}

function digestOf(names: string): string {
  let digest = digests.get(names);
  if (digest === undefined) {
    digest = hash('sha256', names, 'base64url').slice(0, 22);
    if (digests.size >= mostDigests) digests.clear();
    digests.set(names, digest);
  }
  return digest;
}

function emptyCell(start: number, cell: string, names: readonly string[]): UsageSumTable {
  const [key_name = '', owner = '', team = '', tags = '', asked = '', backend = '', model = '', outcome = ''] = names;
  return {
    ...{ start, cell, key_name, owner, team, tags, asked, backend, model, outcome },
    ...{ calls: 0, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cached_tokens: 0, reasoning_tokens: 0 },
    ...{ cost: 0, unpriced: 0, total_ms: 0 },
  };
}

function add(cell: UsageSumTable, cells: Float64Array, from: number): void {
  const cost = cells[from + column.cost] as number;
  cell.calls++;
  cell.prompt_tokens += known(cells[from + column.prompt_tokens]);
  cell.completion_tokens += known(cells[from + column.completion_tokens]);
  cell.total_tokens += known(cells[from + column.total_tokens]);
  cell.cached_tokens += known(cells[from + column.cached_tokens]);
  cell.reasoning_tokens += known(cells[from + column.reasoning_tokens]);
  cell.cost += known(cost);
  cell.unpriced += Number.isNaN(cost) ? 1 : 0;
  cell.total_ms += cells[from + column.total_ms] as number;
}

function known(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}
