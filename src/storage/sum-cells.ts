import { hash } from 'node:crypto';
import type { UsageEntry } from '../ledger/usage-entry.ts';
import type { UsageSumTable } from './tables.ts';
import { summedColumns } from './usage-statements.ts';

export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

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

export function sumCells(entries: readonly UsageEntry[]): SumCells {
  const hours = new Map<number, Map<string, UsageSumTable>>();
  for (const entry of entries) {
    const start = entry.at - (entry.at % hourMs);
    const cells = hours.get(start) ?? new Map<string, UsageSumTable>();
    if (cells.size === 0) hours.set(start, cells);
    const names = namesOf(entry);
    const cell = cells.get(names) ?? emptyCell(start, digestOf(names), entry);
    if (cell.calls === 0) cells.set(names, cell);
    add(cell, entry);
  }
  const all = [...hours.values()].flatMap((cells) => [...cells.values()]);
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

/** No text holds a NUL character by now. */
function namesOf(entry: UsageEntry): string {
  const { key_name, owner, team, tags, asked, backend, model, outcome } = entry;
  return `${key_name}\0${owner ?? ''}\0${team ?? ''}\0${tags}\0${asked}\0${backend ?? ''}\0${model ?? ''}\0${outcome}`;
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

function emptyCell(start: number, cell: string, entry: UsageEntry): UsageSumTable {
  return {
    start,
    cell,
    key_name: entry.key_name,
    owner: entry.owner ?? '',
    team: entry.team ?? '',
    tags: entry.tags,
    asked: entry.asked,
    backend: entry.backend ?? '',
    model: entry.model ?? '',
    outcome: entry.outcome,
    calls: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    cached_tokens: 0,
    reasoning_tokens: 0,
    cost: 0,
    unpriced: 0,
    total_ms: 0,
  };
}

function add(cell: UsageSumTable, entry: UsageEntry): void {
  cell.calls++;
  cell.prompt_tokens += entry.prompt_tokens ?? 0;
  cell.completion_tokens += entry.completion_tokens ?? 0;
  cell.total_tokens += entry.total_tokens ?? 0;
  cell.cached_tokens += entry.cached_tokens ?? 0;
  cell.reasoning_tokens += entry.reasoning_tokens ?? 0;
  cell.cost += entry.cost ?? 0;
  cell.unpriced += entry.cost === null ? 1 : 0;
  cell.total_ms += entry.total_ms;
}
