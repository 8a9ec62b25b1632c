import type { Kysely } from 'kysely';

/** A step of the schema. It only adds, so that the release before it still works on what it leaves. */
export interface Migration {
  /** From 1, without gaps. */
  readonly number: number;
  readonly name: string;
  /** In one transaction with those before it. */
  up(database: Kysely<unknown>, kind: 'sqlite' | 'postgres'): Promise<void>;
}
