import { toNewKey } from '../admin/key-handlers.ts';
import { newKey, rotation } from '../admin/key-schemas.ts';
import { checked } from '../admin/read-request.ts';
import { showKey, showOpened } from '../admin/show.ts';
import { GatewayError } from '../gateway-error.ts';
import type { OpenedKey } from '../keys/key-manager.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { ConfigFlags } from './config-options.ts';
import { type KeysSession, operator, withKeys } from './keys-session.ts';
import { printJson, printTable, readJsonFlag } from './keys-text.ts';

export type KeyFlags = ConfigFlags & {
  readonly json?: boolean;
  readonly owner?: string;
  readonly team?: string;
  readonly tag?: readonly string[];
  readonly role?: string;
  readonly model?: readonly string[];
  readonly tier?: string;
  readonly limits?: string;
  readonly expires?: string;
  readonly overlap?: string;
  readonly force?: boolean;
};

export function createKey(name: string, flags: KeyFlags): Promise<void> {
  const { owner, team, role, tier } = flags;
  return withKeys(flags, async (session) => {
    const fields = { name, owner, team, role, tier, tags: flags.tag, models: flags.model, expires_at: flags.expires };
    const wanted = checked(newKey, { ...fields, limits: readJsonFlag('--limits', flags.limits) });
    printOpened(await session.managers.keys.create(toNewKey(wanted), operator), session, flags);
  });
}

export function listKeys(flags: KeyFlags): Promise<void> {
  return withKeys(flags, async ({ book }) => {
    const keys = book.directory.keys.map((key) => showKey(key, book.directory));
    if (flags.json) return printJson(keys);
    const rows = keys.map(({ id, name, role, team, status, expires_at: expiry, secrets }) => {
      const last = secrets.at(-1)?.last4;
      return [id, name, role, team ?? '-', status, expiry ?? '-', last ? `...${last}` : '-'];
    });
    printTable(['ID', 'NAME', 'ROLE', 'TEAM', 'STATUS', 'EXPIRES', 'SECRET'], rows);
  });
}

export function showOne(asked: string, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async (session) => printKey(findKey(asked, session), session, flags));
}

export function rotateKey(asked: string, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async (session) => {
    const seconds = checked(rotation, { overlap_seconds: Number(flags.overlap || Number.NaN) }).overlap_seconds;
    const { id } = findKey(asked, session);
    const opened = await session.managers.keys.rotate(id, undefined, Math.round(seconds * 1000), operator);
    printOpened(opened, session, flags);
  });
}

export function changeKey(action: 'disable' | 'enable' | 'delete', asked: string, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async (session) => {
    const { id, name } = findKey(asked, session);
    const { keys } = session.managers;
    if (action === 'delete') {
      await keys.delete(id, undefined, operator);
      if (flags.json) printJson({ deleted: id });
      else process.stdout.write(`deleted ${name} (${id})\n`);
    } else printKey(await keys[action](id, undefined, operator), session, flags);
  });
}

/** By its id, or by its name where that means one key alone. */
function findKey(asked: string, { book }: KeysSession): KeyRecord {
  const byId = book.directory.key(asked);
  const byName = book.directory.keys.filter((key) => key.name === asked);
  const found = byId ?? byName[0];
  if (found === undefined) throw new GatewayError('not_found', `there is no key with the id or the name "${asked}"`);
  if (byId !== undefined || byName.length === 1) return found;
  const ids = byName.map((key) => key.id).join(', ');
  throw new GatewayError('conflict', `several keys are called "${asked}"; name one of ${ids}`);
}

function printOpened(opened: OpenedKey, { book }: KeysSession, flags: KeyFlags): void {
  const shown = showOpened(opened, book.directory);
  if (flags.json) printJson(shown);
  else process.stdout.write(`${shown.secret}\n`);
  process.stderr.write(`this is the secret of ${shown.name} (${shown.id}); it is shown this once and stored nowhere\n`);
}

function printKey(key: KeyRecord, { book }: KeysSession, flags: KeyFlags): void {
  const shown = showKey(key, book.directory);
  if (flags.json) printJson(shown);
  for (const [field, value] of Object.entries(shown)) {
    if (flags.json || field === 'object') continue;
    process.stdout.write(`${field}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  }
}
