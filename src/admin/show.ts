import type { Exchange } from '../http/exchange.ts';
import type { AccessDirectory, GroupRecord } from '../keys/access-directory.ts';
import type { OpenedKey } from '../keys/key-manager.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import { showLimits } from './limit-schemas.ts';

/** A key as people and programs see it: nothing by which its secret could be found. */
export function showKey(key: KeyRecord, directory: AccessDirectory, now = Date.now()) {
  return {
    object: 'key' as const,
    id: key.id,
    name: key.name,
    owner: key.owner ?? null,
    team: key.team ?? null,
    tags: key.tags,
    role: key.role,
    models: key.models ?? null,
    tier: key.tier ?? null,
    limits: showLimits(key.limits),
    created_at: showMoment(key.createdAt),
    expires_at: showMoment(key.expiresAt),
    disabled_at: showMoment(key.disabledAt),
    status: directory.status(key, now),
    version: key.version,
    source: key.source ?? null,
    secrets: key.secrets.map((secret) => ({
      last4: secret.last4 || null,
      created_at: key.source === undefined ? showMoment(secret.createdAt) : null,
      expires_at: showMoment(secret.expiresAt),
    })),
  };
}

/** The one place where a secret that was made here leaves. */
export function showOpened({ key, secret }: OpenedKey, directory: AccessDirectory) {
  return { ...showKey(key, directory), secret: secret.reveal() };
}

export function showGroup(group: GroupRecord, directory: AccessDirectory) {
  const { kind, name } = group;
  const has = kind === 'team' ? (key: KeyRecord) => key.team === name : (key: KeyRecord) => key.tags.includes(name);
  return {
    object: kind,
    name,
    tier: group.tier ?? null,
    limits: showLimits(group.limits),
    keys: directory.keys.filter(has).length,
    created_at: showMoment(group.createdAt),
    version: group.version,
    source: group.source ?? null,
  };
}

/** Answers with something that has a version, which no cache may keep. */
export function replyVersioned(exchange: Exchange, status: number, body: { readonly version: number }): void {
  exchange.reply(status, [...jsonHeaders(exchange), ['etag', `"${body.version}"`]], JSON.stringify(body));
}

export function replyPrivate(exchange: Exchange, status: number, body: object): void {
  exchange.reply(status, jsonHeaders(exchange), JSON.stringify(body));
}

function jsonHeaders(exchange: Exchange): (readonly [string, string])[] {
  return [
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
    ['x-request-id', exchange.id],
  ];
}

function showMoment(moment: number | undefined): string | null {
  return moment === undefined ? null : new Date(moment).toISOString();
}
