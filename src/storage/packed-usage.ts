import type { UsageEntries, UsageEntry } from '../ledger/usage-entry.ts';
import { longestName, storableName, storableText, storableWhole } from './storable.ts';
import { usageColumns } from './usage-statements.ts';

const width = usageColumns.length;
const initialRows = 16;
const nothing = Number.NaN;

const numberColumns: ReadonlySet<string> = new Set([
  ...(['at', 'stream', 'status', 'attempts', 'prompt_tokens', 'completion_tokens', 'total_tokens'] as const),
  ...(['cached_tokens', 'reasoning_tokens', 'cost', 'first_byte_ms', 'total_ms'] as const),
] satisfies (typeof usageColumns)[number][]);
const isTextColumn = usageColumns.map((column) => !numberColumns.has(column));

/** What `PackedUsage` holds, as it goes from thread to thread. */
export interface PackedRows {
  /** Row by row, each with all columns: a number, the place of a text, or not a number where there is nothing. */
  readonly cells: Float64Array<ArrayBuffer>;
  readonly texts: readonly string[];
  /** By column. */
  readonly isText: readonly boolean[];
}

/**
 * Rows of the ledger in little memory, and such that no client can make one that a database refuses. Texts that come
 * again are held once.
 */
export class PackedUsage implements UsageEntries {
  #length = 0;
  #cells = new Float64Array(initialRows * width);
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();

  /** The rows themselves where they are packed already. */
  static from(entries: Iterable<UsageEntry>): PackedUsage {
    if (entries instanceof PackedUsage) return entries;
    const packed = new PackedUsage();
    for (const entry of entries) packed.push(entry);
    return packed;
  }

  get length(): number {
    return this.#length;
  }

  /** A view of them as they are now. */
  rows(): PackedRows {
    return { cells: this.#cells.subarray(0, this.#length * width), texts: this.#texts, isText: isTextColumn };
  }

  push(entry: UsageEntry): void {
    const from = this.#length * width;
    if (from === this.#cells.length) this.#grow();
    this.#cells.set(this.#row(entry), from);
    this.#length++;
  }

  slice(start: number, end: number): PackedUsage {
    const part = new PackedUsage();
    for (let row = start; row < Math.min(end, this.#length); row++) part.push(this.#entry(row));
    return part;
  }

  *[Symbol.iterator](): IterableIterator<UsageEntry> {
    for (let row = 0; row < this.#length; row++) yield this.#entry(row);
  }

  /** In the order of `usageColumns`. */
  #row(entry: UsageEntry): number[] {
    return [
      this.#ownText(entry.id),
      storableWhole(entry.at, 0),
      this.#ownText(entry.request_id),
      this.#name(entry.key_name),
      this.#name(entry.owner),
      this.#name(entry.team),
      this.#text(entry.tags),
      this.#name(entry.protocol),
      this.#name(entry.asked),
      this.#name(entry.backend),
      this.#name(entry.model),
      storableWhole(entry.stream, 0),
      storableWhole(entry.status, 0),
      this.#name(entry.outcome),
      this.#name(entry.code),
      storableWhole(entry.attempts, 0),
      optionalWhole(entry.prompt_tokens),
      optionalWhole(entry.completion_tokens),
      optionalWhole(entry.total_tokens),
      optionalWhole(entry.cached_tokens),
      optionalWhole(entry.reasoning_tokens),
      this.#name(entry.usage_source),
      optionalWhole(entry.cost),
      optionalWhole(entry.first_byte_ms),
      storableWhole(entry.total_ms, 0),
      this.#name(entry.approach),
      this.#text(entry.calls),
    ];
  }

  #entry(row: number): UsageEntry {
    const values = usageColumns.map((name, column) => {
      const cell = this.#cells[row * width + column] as number;
      if (Number.isNaN(cell)) return [name, null];
      return [name, isTextColumn[column] ? this.#texts[cell] : cell];
    });
    return Object.fromEntries(values) as UsageEntry;
  }

  #name(text: string | null): number {
    if (text === null) return nothing;
    const place = this.#places.get(text);
    if (place !== undefined) return place;
    const made = this.#texts.push(storableName(text)) - 1;
    if (text.length <= longestName) this.#places.set(text, made);
    return made;
  }

  /** Of a text that no other row has. */
  #ownText(text: string): number {
    return this.#texts.push(storableName(text)) - 1;
  }

  /** What may be longer than a name. */
  #text(text: string | null): number {
    if (text === null || text.length <= longestName) return this.#name(text);
    return this.#texts.push(storableText(text)) - 1;
  }

  #grow(): void {
    const cells = new Float64Array(2 * this.#cells.length);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

function optionalWhole(value: number | null): number {
  return value === null ? nothing : storableWhole(value, nothing);
}
