import type { LimitSettings } from '../config/limit-settings.ts';
import type { Governor } from '../limits/governor.ts';
import type { Limit } from '../limits/limit.ts';
import type { Caller, CallerLimits } from '../types/caller.ts';
import type { AccessDirectory, GroupRecord } from './access-directory.ts';
import type { KeyRecord } from './key-record.ts';
import { levelLimits, withTier } from './level-limits.ts';

/** Prepares limits; see `Governor`. */
export type Binder = Pick<Governor, 'bind'>;

/** Who calls with a key, with all the limits that the key stands under. */
export function buildCaller(key: KeyRecord, directory: AccessDirectory, binder: Binder): Caller {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    models: key.models && new Set(key.models),
    owner: key.owner,
    team: key.team,
    tags: key.tags,
    limits: bindLimits(key, directory, binder),
  };
}

function bindLimits(key: KeyRecord, directory: AccessDirectory, binder: Binder): CallerLimits | undefined {
  const settingsOf = (of: Pick<KeyRecord | GroupRecord, 'limits' | 'tier'>) =>
    withTier(of.limits, of.tier === undefined ? undefined : directory.tiers.get(of.tier));
  const limits: Limit[] = [];
  const spent: LimitSettings[] = [];
  const add = (level: Limit['level'], settings: LimitSettings | undefined, identity?: string) => {
    if (settings === undefined) return;
    limits.push(...levelLimits(level, settings, identity));
    spent.push(settings);
  };
  // A stored key may be renamed and keeps its counts; a key of the file is its name.
  const identity = key.source === undefined ? key.id : key.name;
  add({ kind: 'key', name: key.name }, settingsOf(key), identity);
  for (const group of directory.groupsOf(key)) add({ kind: group.kind, name: group.name }, settingsOf(group));
  if (limits.length === 0) return undefined;
  return {
    bound: binder.bind(limits),
    needsTokens: limits.some(({ resource }) => resource === 'tokens'),
    needsCost: limits.some(({ resource }) => resource === 'cost'),
    downgradeTo: downgradeOf(spent),
  };
}

/** Of several levels the nearest decides: the key's, then the team's, then the tags' in their order. */
function downgradeOf(levels: readonly LimitSettings[]): string | undefined {
  for (const { whenSpent } of levels) {
    if (whenSpent === 'refuse') return undefined;
    if (whenSpent !== undefined) return whenSpent.downgradeTo;
  }
  return undefined;
}
