import type * as z from 'zod';
import { readMoment } from '../config/expiry.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { decodeName } from '../http/reply-json.ts';
import type { AccessDirectory } from '../keys/access-directory.ts';
import { type KeyManager, type NewKey, noKey } from '../keys/key-manager.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { KeyChange } from '../storage/key-store.ts';
import type { keyOperations } from './key-operations.ts';
import * as schemas from './key-schemas.ts';
import { changeLimits, takeLimits } from './limit-schemas.ts';
import type { AdminHandler } from './operation.ts';
import { pageOf } from './page.ts';
import { readBody, readIfMatch, readQuery, readVersion } from './read-request.ts';
import { replyPrivate, replyVersioned, showKey, showOpened } from './show.ts';

export interface KeyHandlerPorts {
  readonly directory: () => AccessDirectory;
  /** @throws GatewayError where nothing can be stored */
  readonly manager: () => KeyManager;
}

type Handlers = Record<keyof typeof keyOperations, AdminHandler>;

/** What the operations on keys do. */
export function createKeyHandlers(ports: KeyHandlerPorts): Handlers {
  return { ...readingHandlers(ports), ...changingHandlers(ports), ...openingHandlers(ports) };
}

function readingHandlers({ directory }: KeyHandlerPorts): Pick<Handlers, 'listKeys' | 'getKey'> {
  return {
    listKeys: (exchange) => {
      const query = readQuery(exchange, schemas.keyQuery);
      const now = directory();
      const found = now.keys.filter((key) => matches(key, query, now));
      replyPrivate(
        exchange,
        200,
        pageOf(found, placeOf, (key) => showKey(key, now), query),
      );
    },
    getKey: (exchange, _caller, rest) => {
      const id = decodeName(rest);
      const key = directory().key(id);
      if (key === undefined) throw noKey(id);
      replyVersioned(exchange, 200, showKey(key, directory()));
    },
  };
}

function changingHandlers({
  directory,
  manager,
}: KeyHandlerPorts): Pick<Handlers, 'changeKey' | 'deleteKey' | 'disableKey' | 'enableKey'> {
  const show = (exchange: Exchange, key: KeyRecord) => replyVersioned(exchange, 200, showKey(key, directory()));
  const versionOf = (exchange: Exchange) =>
    readVersion(exchange, readBody(exchange, schemas.onlyVersion, true).version);
  return {
    changeKey: async (exchange, caller, rest) => {
      const keys = manager();
      const change = readBody(exchange, schemas.keyChange);
      const version = readVersion(exchange, change.version);
      const describe = (key: KeyRecord) => toKeyChange(change, key);
      show(exchange, await keys.change(decodeName(rest), version, describe, caller));
    },
    deleteKey: async (exchange, caller, rest) => {
      await manager().delete(decodeName(rest), readIfMatch(exchange), caller);
      exchange.reply(204, [['x-request-id', exchange.id]], '');
    },
    disableKey: async (exchange, caller, rest) => {
      show(exchange, await manager().disable(decodeName(rest), versionOf(exchange), caller));
    },
    enableKey: async (exchange, caller, rest) => {
      show(exchange, await manager().enable(decodeName(rest), versionOf(exchange), caller));
    },
  };
}

/** Those that show a secret. */
function openingHandlers({ directory, manager }: KeyHandlerPorts): Pick<Handlers, 'createKey' | 'rotateKey'> {
  return {
    createKey: async (exchange, caller) => {
      const keys = manager();
      const opened = await keys.create(toNewKey(readBody(exchange, schemas.newKey)), caller);
      replyVersioned(exchange, 201, showOpened(opened, directory()));
    },
    rotateKey: async (exchange, caller, rest) => {
      const keys = manager();
      const { overlap_seconds: overlap, version } = readBody(exchange, schemas.rotation, true);
      const meant = readVersion(exchange, version);
      const opened = await keys.rotate(decodeName(rest), meant, Math.round(overlap * 1000), caller);
      replyVersioned(exchange, 200, showOpened(opened, directory()));
    },
  };
}

/** By name; of two with the same name, which a file may bring about, by id. */
function placeOf(key: KeyRecord): string {
  return `${key.name}\0${key.id}`;
}

function matches(key: KeyRecord, query: z.output<typeof schemas.keyQuery>, directory: AccessDirectory): boolean {
  for (const field of ['name', 'owner', 'team', 'role'] as const) {
    if (query[field] !== undefined && query[field] !== key[field]) return false;
  }
  if (query.tag !== undefined && !key.tags.includes(query.tag)) return false;
  return query.status === undefined || query.status === directory.status(key, Date.now());
}

/** A key as it is asked for, in the gateway's own words. */
export function toNewKey(given: z.output<typeof schemas.newKey>): NewKey {
  return {
    name: given.name,
    owner: given.owner ?? undefined,
    team: given.team ?? undefined,
    tags: [...new Set(given.tags ?? [])],
    role: given.role,
    models: given.models ?? undefined,
    tier: given.tier ?? undefined,
    limits: takeLimits(given.limits),
    expiresAt: takeMoment(given.expires_at),
  };
}

/** What is to change of a key: the fields that are there, and nothing else. */
export function toKeyChange(change: z.output<typeof schemas.keyChange>, key: KeyRecord): KeyChange {
  const { name, tags, role, limits, expires_at: expiry } = change;
  const plain = (['owner', 'team', 'models', 'tier'] as const)
    .filter((field) => change[field] !== undefined)
    .map((field) => [field, change[field] ?? undefined]);
  const described: KeyChange = {
    ...Object.fromEntries(plain),
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    ...(tags !== undefined && { tags: [...new Set(tags ?? [])] }),
    ...(limits !== undefined && { limits: changeLimits(key.limits, limits) }),
    ...(expiry !== undefined && { expiresAt: takeMoment(expiry) }),
  };
  if (Object.keys(described).length > 0) return described;
  throw new GatewayError('invalid_request', 'the body names nothing that is to change');
}

function takeMoment(written: string | null | undefined): number | undefined {
  return written === null || written === undefined ? undefined : readMoment(written);
}
