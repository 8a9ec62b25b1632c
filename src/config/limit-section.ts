import type { Loose } from './check-tree.ts';
import type { GroupSettings, LimitSettings } from './limit-settings.ts';
import type { SettingsTree } from './resolve-setting.ts';
import type { LimitsFields } from './schema/limits-section.ts';
import { didYouMean } from './suggest.ts';
import { nodeAt, type Path } from './tree.ts';

/** What `headrace.yaml` says of limits apart from its keys, by name. */
export interface LimitSections {
  readonly tiers: ReadonlyMap<string, LimitSettings>;
  readonly teams: ReadonlyMap<string, GroupSettings>;
  readonly tags: ReadonlyMap<string, GroupSettings>;
}

/** Reads `tiers`, `teams` and `tags`; what is faulty is in the report. */
export function loadLimitSections(file: SettingsTree | undefined): LimitSections {
  const tiers = new Map(
    Object.entries(file?.value.tiers ?? {}).map(([name, fields]) => [name, readLimits(fields ?? {})]),
  );
  return { tiers, teams: readGroups('teams', file, tiers), tags: readGroups('tags', file, tiers) };
}

/** Limits as they are written, with dollars as nano-dollars. */
export function readLimits(fields: Loose<LimitsFields>): LimitSettings {
  const { budget, when_spent: whenSpent } = fields;
  return {
    requestsPerMinute: fields.requests_per_minute,
    tokensPerMinute: fields.tokens_per_minute,
    requestsPerDay: fields.requests_per_day,
    tokensPerDay: fields.tokens_per_day,
    maxConcurrent: fields.max_concurrent,
    budget: {
      day: nanoDollars(budget?.day),
      week: nanoDollars(budget?.week),
      month: nanoDollars(budget?.month),
      total: nanoDollars(budget?.total),
    },
    whenSpent: readWhenSpent(whenSpent),
  };
}

/** Limits as one would write them: the reverse of {@link readLimits}. */
export function writeLimits(settings: LimitSettings): LimitsFields {
  const { budget, whenSpent } = settings;
  const budgets = defined({
    day: dollars(budget.day),
    week: dollars(budget.week),
    month: dollars(budget.month),
    total: dollars(budget.total),
  });
  return defined({
    requests_per_minute: settings.requestsPerMinute,
    tokens_per_minute: settings.tokensPerMinute,
    requests_per_day: settings.requestsPerDay,
    tokens_per_day: settings.tokensPerDay,
    max_concurrent: settings.maxConcurrent,
    budget: Object.keys(budgets).length === 0 ? undefined : budgets,
    when_spent: whenSpent === undefined || whenSpent === 'refuse' ? whenSpent : { downgrade_to: whenSpent.downgradeTo },
  }) as LimitsFields;
}

/** Says where a tier is named that is not there. */
export function checkTier(name: string | undefined, path: Path, file: SettingsTree, tiers: Iterable<string>): void {
  if (name === undefined) return;
  const all = [...tiers];
  if (all.includes(name)) return;
  const there = all.length === 0 ? 'there are none; write it under tiers' : `the tiers are ${all.join(', ')}`;
  const place = nodeAt(file.tree, path)?.place;
  file.report.error(place, path, `must be the name of a tier${didYouMean(name, all)}; ${there}`);
}

function readGroups(
  section: 'teams' | 'tags',
  file: SettingsTree | undefined,
  tiers: ReadonlyMap<string, LimitSettings>,
): ReadonlyMap<string, GroupSettings> {
  const groups = new Map<string, GroupSettings>();
  if (file === undefined) return groups;
  // Tiers with faults of their own are there all the same.
  const names = nodeAt(file.tree, ['tiers']);
  const known = names?.kind === 'mapping' ? names.entries.keys() : tiers.keys();
  const all = [...known];
  for (const [name, group] of Object.entries(file.value[section] ?? {})) {
    checkTier(group?.tier, [section, name, 'tier'], file, all);
    groups.set(name, { tier: group?.tier, limits: group?.limits && readLimits(group.limits) });
  }
  return groups;
}

function readWhenSpent(written: Loose<LimitsFields>['when_spent']): LimitSettings['whenSpent'] {
  if (written === undefined || written === 'refuse') return written;
  return written.downgrade_to === undefined ? undefined : { downgradeTo: written.downgrade_to };
}

/** To the nearest nano-dollar; what is more than nothing is never nothing. */
function nanoDollars(amount: number | undefined): number | undefined {
  if (amount === undefined || amount === 0) return amount;
  return Math.max(1, Math.round(amount * 1e9));
}

function dollars(amount: number | undefined): number | undefined {
  return amount === undefined ? undefined : amount / 1e9;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
