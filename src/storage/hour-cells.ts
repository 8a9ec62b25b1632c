import { hash } from 'node:crypto';
import type { UsageEntry } from '../ledger/usage-entry.ts';
import type { UsageHourTable } from './tables.ts';

export const hourMs = 3_600_000;

/** The sums of calls by hour and by all that they are told apart by, in the order of the table's primary key. */
export function hourCells(entries: readonly UsageEntry[]): UsageHourTable[] {
  const cells = new Map<string, UsageHourTable>();
  for (const entry of entries) {
    const hour = entry.at - (entry.at % hourMs);
    // No text holds a NUL character by now.
    const names = `${hour}\0${entry.key_name}\0${entry.owner ?? ''}\0${entry.team ?? ''}\0${entry.tags}\0${entry.asked}\0${entry.backend ?? ''}\0${entry.model ?? ''}\0${entry.outcome}`;
    const cell = cells.get(names) ?? emptyCell(hour, entry);
    if (cell.calls === 0) cells.set(names, cell);
    add(cell, entry);
  }
  const digests = [...cells].map(([names, cell]) => ({
    ...cell,
    cell: hash('sha256', names, 'base64url').slice(0, 22),
  }));
  return digests.sort((one, other) => one.hour - other.hour || (one.cell < other.cell ? -1 : 1));
}

function emptyCell(hour: number, entry: UsageEntry): UsageHourTable {
  return {
    hour,
    cell: '',
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

function add(cell: UsageHourTable, entry: UsageEntry): void {
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
