import { type Kysely, sql, type Transaction } from 'kysely';
import type { Group, KeySecret, VirtualKey } from '../keys/virtual-key.ts';
import { changedColumns, groupOf, keyOf, keyRow, limitsText, optionalText, secretRow } from './key-rows.ts';
import type { KeyChange, KeySnapshot, KeyStore } from './key-store.ts';
import type { SqlDatabase } from './sql-database.ts';
import { storableText } from './storable.ts';
import { StorageError } from './storage-error.ts';
import type { Guarded } from './storage-guard.ts';
import type { Tables } from './tables.ts';

export class SqlKeyStore implements KeyStore {
  readonly #database: SqlDatabase;
  readonly #guarded: Guarded;

  constructor(database: SqlDatabase, guarded: Guarded) {
    this.#database = database;
    this.#guarded = guarded;
  }

  async snapshot(): Promise<KeySnapshot> {
    const reading = this.#database
      .reports()
      .transaction()
      .setAccessMode('read only')
      .setIsolationLevel('repeatable read');
    return this.#guarded(() => reading.execute(readAll), 'long');
  }

  create(key: VirtualKey): Promise<void> {
    return this.#change(async (transaction) => {
      const used = transaction
        .selectFrom('keys')
        .select('name')
        .where((where) => where.or([where('name', '=', storableText(key.name)), where('id', '=', key.id)]));
      if (await used.executeTakeFirst()) throw taken(key.name);
      await transaction.insertInto('keys').values(keyRow(key)).execute();
      for (const secret of key.secrets) await addSecret(transaction, key.id, secret);
    });
  }

  change(asked: string, version: number | undefined, change: KeyChange): Promise<VirtualKey> {
    const id = storableText(asked);
    return this.#change(async (transaction) => {
      const present = await expectVersion(transaction, id, version);
      if (change.name !== undefined) await expectFree(transaction, id, change.name);
      const columns = { ...changedColumns(change), version: present + 1 };
      await transaction.updateTable('keys').set(columns).where('id', '=', id).execute();
      return readKey(transaction, id);
    });
  }

  rotate(asked: string, version: number | undefined, secret: KeySecret, oldUntil: number): Promise<VirtualKey> {
    const id = storableText(asked);
    return this.#change(async (transaction) => {
      const present = await expectVersion(transaction, id, version);
      const old = transaction.updateTable('key_secrets').where('key_id', '=', id);
      await old
        .set({ expires_at: oldUntil })
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', oldUntil)]))
        .execute();
      const over = Math.max(secret.createdAt, Date.now());
      await transaction.deleteFrom('key_secrets').where('key_id', '=', id).where('expires_at', '<=', over).execute();
      await addSecret(transaction, id, secret);
      await transaction
        .updateTable('keys')
        .set({ version: present + 1 })
        .where('id', '=', id)
        .execute();
      return readKey(transaction, id);
    });
  }

  delete(asked: string, version?: number): Promise<boolean> {
    const id = storableText(asked);
    return this.#changeOrNot(async (transaction) => {
      const key = await transaction.selectFrom('keys').select('version').where('id', '=', id).executeTakeFirst();
      if (key === undefined) return false;
      expect(version, key.version, 'the key');
      await transaction.deleteFrom('key_secrets').where('key_id', '=', id).execute();
      await transaction.deleteFrom('keys').where('id', '=', id).execute();
      return true;
    });
  }

  putGroup(group: Group, version: number | undefined): Promise<Group> {
    const { kind } = group;
    const name = storableText(group.name);
    return this.#change(async (transaction) => {
      const present = await findGroup(transaction, kind, name);
      expect(version, present?.version ?? 0, `the ${kind}`);
      const columns = {
        tier: optionalText(group.tier),
        limits: limitsText(group.limits),
        version: (present?.version ?? 0) + 1,
      };
      const row = { kind, name, created_at: present?.created_at ?? Date.now(), ...columns };
      await transaction
        .insertInto('groups')
        .values(row)
        .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet(columns))
        .execute();
      return groupOf(row);
    });
  }

  deleteGroup(kind: Group['kind'], name: string, version?: number): Promise<boolean> {
    return this.#changeOrNot(async (transaction) => {
      const present = await findGroup(transaction, kind, storableText(name));
      if (present === undefined) return false;
      expect(version, present.version, `the ${kind}`);
      await transaction.deleteFrom('groups').where('kind', '=', kind).where('name', '=', storableText(name)).execute();
      return true;
    });
  }

  /** The revision comes first: its row is the lock that lets one change in at a time. */
  #change<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#guarded(() =>
      this.#database.main.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('revisions')
          .set({ revision: sql`revision + 1` })
          .where('name', '=', 'keys')
          .execute();
        return work(transaction);
      }),
    );
  }

  /** What changes nothing leaves the revision as it is. */
  async #changeOrNot(work: (transaction: Transaction<Tables>) => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#change(async (transaction) => {
        if (await work(transaction)) return true;
        throw new StorageError('missing', 'there is no such thing');
      });
    } catch (error) {
      if (error instanceof StorageError && error.code === 'missing') return false;
      throw error;
    }
  }
}

async function readAll(transaction: Kysely<Tables>): Promise<KeySnapshot> {
  const revision = await transaction
    .selectFrom('revisions')
    .select('revision')
    .where('name', '=', 'keys')
    .executeTakeFirst();
  const keys = await transaction.selectFrom('keys').selectAll().execute();
  const secrets = await transaction.selectFrom('key_secrets').selectAll().orderBy('created_at').execute();
  const groups = await transaction.selectFrom('groups').selectAll().execute();
  const secretsOf = Map.groupBy(secrets, ({ key_id }) => key_id);
  return {
    revision: revision?.revision ?? 0,
    keys: keys.map((row) => keyOf(row, secretsOf.get(row.id) ?? [])).sort(byName),
    groups: groups.map(groupOf).sort(byName),
  };
}

/** Databases have orders of their own. */
function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}

async function readKey(transaction: Transaction<Tables>, id: string): Promise<VirtualKey> {
  const row = await transaction.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const secrets = transaction.selectFrom('key_secrets').selectAll().where('key_id', '=', id).orderBy('created_at');
  return keyOf(row, await secrets.execute());
}

async function addSecret(transaction: Transaction<Tables>, id: string, secret: KeySecret): Promise<void> {
  await transaction.insertInto('key_secrets').values(secretRow(id, secret)).execute();
}

async function expectVersion(transaction: Transaction<Tables>, id: string, version: number | undefined) {
  const key = await transaction.selectFrom('keys').select('version').where('id', '=', id).executeTakeFirst();
  if (key === undefined) throw new StorageError('missing', `there is no key ${id}`);
  expect(version, key.version, 'the key');
  return key.version;
}

function expect(version: number | undefined, present: number, what: string): void {
  if (version === undefined || version === present) return;
  const message = `${what} is version ${present} by now, not ${version}: somebody else has changed it`;
  throw new StorageError('conflict', message, { version: present });
}

async function expectFree(transaction: Transaction<Tables>, id: string, name: string): Promise<void> {
  const other = transaction
    .selectFrom('keys')
    .select('id')
    .where('name', '=', storableText(name))
    .where('id', '!=', id);
  if (await other.executeTakeFirst()) throw taken(name);
}

function taken(name: string): StorageError {
  return new StorageError('taken', `there is a key with the name "${name.slice(0, 200)}" already`);
}

function findGroup(transaction: Transaction<Tables>, kind: string, name: string) {
  return transaction
    .selectFrom('groups')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();
}
