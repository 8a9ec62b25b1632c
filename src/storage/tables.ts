import type { Generated } from 'kysely';

/**
 * The tables, the same in SQLite and in PostgreSQL. Times are milliseconds since 1970, money is nano-dollars, lists and
 * objects are JSON texts, true is 1. Integers fit a double.
 */
export interface Tables {
  keys: KeyTable;
  key_secrets: KeySecretTable;
  groups: GroupTable;
  usage: UsageTable;
  usage_hours: UsageSumTable;
  usage_days: UsageSumTable;
  /** Hours over all calls, with no names and an empty cell. */
  usage_totals: UsageSumTable;
  limit_counters: LimitCounterTable;
  usage_batches: UsageBatchTable;
  revisions: RevisionTable;
  deleted_packages: DeletedPackageTable;
  strategies: StrategyTable;
}

/** Virtual keys. */
export interface KeyTable {
  id: string;
  name: string;
  owner: string | null;
  team: string | null;
  /** List of names. */
  tags: string;
  role: string;
  /** List of public model names; null: all. */
  models: string | null;
  tier: string | null;
  /** `LimitSettings` as JSON; null: none of its own. */
  limits: string | null;
  created_at: number;
  expires_at: number | null;
  disabled_at: number | null;
  /** Counts its changes, so that of two at once one is told. */
  version: number;
}

/** The secrets that open a key: one, or while it is rotated two. */
export interface KeySecretTable {
  /** In hexadecimal, of the whole secret, which is kept nowhere. */
  sha256: string;
  key_id: string;
  /** The last four characters, for people. */
  last4: string;
  created_at: number;
  expires_at: number | null;
}

/** Teams and tags that have limits. */
export interface GroupTable {
  /** `team` or `tag`. */
  kind: string;
  name: string;
  tier: string | null;
  limits: string | null;
  created_at: number;
  version: number;
}

/** A row per call. */
export interface UsageTable {
  /** Unique over all machines: who wrote it and its number there. */
  id: string;
  at: number;
  request_id: string;
  /** Names at that time, since keys are renamed and deleted. */
  key_name: string;
  owner: string | null;
  team: string | null;
  tags: string;
  protocol: string;
  asked: string;
  backend: string | null;
  model: string | null;
  stream: number;
  status: number;
  outcome: string;
  code: string | null;
  attempts: number;
  /** Null: not known, which is not 0. */
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  /** `reported` by the backend, `counted` by the gateway, or `none`. */
  usage_source: string;
  /** Null: a price is not known, which is not 0. */
  cost: number | null;
  first_byte_ms: number | null;
  total_ms: number;
  approach: string | null;
  /** The calls of an approach, by backend and model; null: there was one call. */
  calls: string | null;
}

/** Sums, so that pages read few rows however many calls there were. */
export interface UsageSumTable {
  /** The first millisecond of the hour or the day. */
  start: number;
  /** A digest of the names below, which together may be too long for an index. */
  cell: string;
  key_name: string;
  owner: string;
  team: string;
  /** The JSON list of tags as it stands in the rows. */
  tags: string;
  asked: string;
  backend: string;
  model: string;
  outcome: string;
  calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  cost: number;
  /** Calls whose cost is not known. */
  unpriced: number;
  total_ms: number;
}

/** What was used of a limit in a period: it equals the ledger, since both are written in one transaction. */
export interface LimitCounterTable {
  limit_id: string;
  /** 0 for a limit that counts for ever. */
  period_start: number;
  used: number;
}

/** Batches that were written, so that one that is delivered twice is counted once. */
export interface UsageBatchTable {
  id: string;
  at: number;
}

/** Grows with every change of keys and groups. */
export interface RevisionTable {
  name: string;
  revision: number;
}

export interface DeletedPackageTable {
  name: string;
  deleted_by: string;
  deleted_at: string;
}

/** What system prompt learning has learned, apart for each key of the gateway. */
export interface StrategyTable {
  id: Generated<number>;
  key_name: string;
  type: string;
  /** The list of strategies as JSON. */
  strategies: string;
}
