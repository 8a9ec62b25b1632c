import type { LimitSettings } from '../config/limit-settings.ts';
import type { KeySnapshot } from '../storage/key-store.ts';
import type { AccessConfig } from './access-config.ts';
import { type KeyRecord, type KeyStatus, recordOfFile, recordOfStored } from './key-record.ts';
import type { Group } from './virtual-key.ts';

/** A team or a tag, wherever it stands. */
export interface GroupRecord {
  readonly kind: Group['kind'];
  readonly name: string;
  readonly tier: string | undefined;
  readonly limits: LimitSettings | undefined;
  /** Undefined: it stands in the file. */
  readonly createdAt: number | undefined;
  /** 0: it stands in the file. */
  readonly version: number;
  /** `headrace.yaml`; undefined: in storage. */
  readonly source: string | undefined;
}

/** All keys, teams, tags and tiers of one moment: those of the file and the stored ones. Where both have a name, the file's holds. */
export class AccessDirectory {
  readonly config: AccessConfig;
  readonly tiers: ReadonlyMap<string, LimitSettings>;
  readonly teams: ReadonlyMap<string, GroupRecord>;
  readonly tags: ReadonlyMap<string, GroupRecord>;
  /** Those of the file, then the stored ones. */
  readonly keys: readonly KeyRecord[];
  readonly #byId: ReadonlyMap<string, KeyRecord>;
  readonly #fileNames: ReadonlySet<string>;

  /** @param snapshot undefined: nothing is stored, or it is not known */
  constructor(config: AccessConfig, snapshot: KeySnapshot | undefined) {
    this.config = config;
    this.tiers = config.tiers;
    this.teams = groupsOf('team', config.teams, snapshot);
    this.tags = groupsOf('tag', config.tags, snapshot);
    this.keys = [...config.keys.map(recordOfFile), ...(snapshot?.keys ?? []).map(recordOfStored)];
    this.#byId = new Map(this.keys.map((key) => [key.id, key]));
    this.#fileNames = new Set(config.keys.map((key) => key.name));
  }

  key(id: string): KeyRecord | undefined {
    return this.#byId.get(id);
  }

  groups(kind: Group['kind']): ReadonlyMap<string, GroupRecord> {
    return kind === 'team' ? this.teams : this.tags;
  }

  /** The team and the tags that a key stands under, as far as they have limits. */
  groupsOf(key: KeyRecord): GroupRecord[] {
    const team = key.team === undefined ? undefined : this.teams.get(key.team);
    const tags = key.tags.map((tag) => this.tags.get(tag));
    return [team, ...tags].filter((group) => group !== undefined);
  }

  /** Whether a stored key has lost its name to one of the file. */
  isNameTaken(key: KeyRecord): boolean {
    return key.source === undefined && this.#fileNames.has(key.name);
  }

  /** The first tier that is named by a key, its team or its tags and that is not there. */
  missingTier(key: KeyRecord): string | undefined {
    const named = [key.tier, ...this.groupsOf(key).map((group) => group.tier)];
    return named.find((tier) => tier !== undefined && !this.tiers.has(tier));
  }

  /** @param now milliseconds since 1970 */
  status(key: KeyRecord, now: number): KeyStatus {
    if (key.disabledAt !== undefined) return 'disabled';
    if (key.expiresAt !== undefined && key.expiresAt <= now) return 'expired';
    if (this.isNameTaken(key)) return 'name_taken';
    if (key.team !== undefined && !this.teams.has(key.team)) return 'team_missing';
    return this.missingTier(key) === undefined ? 'active' : 'tier_missing';
  }
}

function groupsOf(
  kind: Group['kind'],
  written: AccessConfig['teams'],
  snapshot: KeySnapshot | undefined,
): ReadonlyMap<string, GroupRecord> {
  const groups = new Map<string, GroupRecord>();
  for (const group of snapshot?.groups ?? []) {
    if (group.kind === kind) groups.set(group.name, { ...group, source: undefined });
  }
  for (const [name, { tier, limits }] of written) {
    groups.set(name, { kind, name, tier, limits, createdAt: undefined, version: 0, source: 'headrace.yaml' });
  }
  return groups;
}
