import type { Selectable } from 'kysely';
import type { Role } from '../config/config.ts';
import type { LimitSettings } from '../config/limit-settings.ts';
import type { Group, KeySecret, VirtualKey } from '../keys/virtual-key.ts';
import type { KeyChange } from './key-store.ts';
import { storableText } from './storable.ts';
import type { GroupTable, KeySecretTable, KeyTable } from './tables.ts';

export function keyOf(row: Selectable<KeyTable>, secrets: readonly KeySecretTable[]): VirtualKey {
  return {
    id: row.id,
    name: row.name,
    owner: row.owner ?? undefined,
    team: row.team ?? undefined,
    tags: JSON.parse(row.tags) as string[],
    role: row.role as Role,
    models: row.models === null ? undefined : (JSON.parse(row.models) as string[]),
    tier: row.tier ?? undefined,
    limits: limitsOf(row.limits),
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    disabledAt: row.disabled_at ?? undefined,
    version: row.version,
    secrets: secrets.map(secretOf),
  };
}

function secretOf(row: KeySecretTable): KeySecret {
  return {
    sha256: row.sha256,
    last4: row.last4,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  };
}

export function groupOf(row: Selectable<GroupTable>): Group {
  return {
    kind: row.kind as Group['kind'],
    name: row.name,
    tier: row.tier ?? undefined,
    limits: limitsOf(row.limits),
    createdAt: row.created_at,
    version: row.version,
  };
}

/** JSON leaves out what is undefined. */
function limitsOf(text: string | null): LimitSettings | undefined {
  if (text === null) return undefined;
  const stored = JSON.parse(text) as Partial<LimitSettings>;
  const { day, week, month, total } = stored.budget ?? {};
  return {
    requestsPerMinute: stored.requestsPerMinute,
    tokensPerMinute: stored.tokensPerMinute,
    requestsPerDay: stored.requestsPerDay,
    tokensPerDay: stored.tokensPerDay,
    maxConcurrent: stored.maxConcurrent,
    budget: { day, week, month, total },
    whenSpent: stored.whenSpent,
  };
}

export function limitsText(limits: LimitSettings | undefined): string | null {
  return limits === undefined ? null : storableText(JSON.stringify(limits));
}

export function keyRow(key: VirtualKey): KeyTable {
  const { id, createdAt, version } = key;
  return {
    id,
    created_at: createdAt,
    version,
    ...(changedColumns(key) as Omit<KeyTable, 'id' | 'created_at' | 'version'>),
  };
}

export function secretRow(keyId: string, secret: KeySecret): KeySecretTable {
  const { sha256, last4, createdAt, expiresAt } = secret;
  return { sha256, key_id: keyId, last4: storableText(last4), created_at: createdAt, expires_at: expiresAt ?? null };
}

const columns = {
  name: (key) => ({ name: storableText(key.name ?? '') }),
  owner: (key) => ({ owner: optionalText(key.owner) }),
  team: (key) => ({ team: optionalText(key.team) }),
  tags: (key) => ({ tags: storableText(JSON.stringify(key.tags ?? [])) }),
  role: (key) => ({ role: key.role ?? 'user' }),
  models: (key) => ({ models: key.models === undefined ? null : storableText(JSON.stringify(key.models)) }),
  tier: (key) => ({ tier: optionalText(key.tier) }),
  limits: (key) => ({ limits: limitsText(key.limits) }),
  expiresAt: (key) => ({ expires_at: key.expiresAt ?? null }),
  disabledAt: (key) => ({ disabled_at: key.disabledAt ?? null }),
} as const satisfies Record<keyof KeyChange, (key: KeyChange) => Partial<KeyTable>>;

/** The columns of the properties that are there, also where they are undefined. */
export function changedColumns(change: KeyChange): Partial<KeyTable> {
  const fields = Object.keys(columns) as (keyof KeyChange)[];
  return Object.assign({}, ...fields.filter((field) => field in change).map((field) => columns[field](change)));
}

export function optionalText(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text);
}
