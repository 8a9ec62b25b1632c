import type { PackedRows } from './packed-usage.ts';

/** What SQLite stores, as far as the gateway uses it. */
export type SqliteValue = string | number | null;

/** One statement with the parameters of each time that it runs. */
export interface SqliteStatement {
  readonly sql: string;
  readonly rows: readonly (readonly SqliteValue[])[] | PackedRows;
}

/** What the thread of a database is asked for. */
export type SqliteTask =
  | { readonly id: number; readonly kind: 'query'; readonly sql: string; readonly parameters: readonly SqliteValue[] }
  /** All in one transaction; where the first statement changes nothing, nothing else is done. */
  | { readonly id: number; readonly kind: 'batch'; readonly statements: readonly SqliteStatement[] }
  | { readonly id: number; readonly kind: 'close' };

export interface SqliteResult {
  readonly rows: readonly object[];
  /** Of a statement that returns no rows. */
  readonly changes: number;
}

export interface SqliteFailure {
  readonly message: string;
  /** SQLite's own number, such as 5 for locked; undefined: it was not SQLite that failed. */
  readonly errcode: number | undefined;
}

export type SqliteAnswer = { readonly id: number } & (
  | { readonly result: SqliteResult }
  | { readonly failure: SqliteFailure }
);
