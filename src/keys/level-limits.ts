import type { BudgetSettings, LimitSettings } from '../config/limit-settings.ts';
import { type Level, type Limit, limitId, type Period, type Resource } from '../limits/limit.ts';

const rates = [
  ['requestsPerMinute', 'requests', 'minute'],
  ['tokensPerMinute', 'tokens', 'minute'],
  ['requestsPerDay', 'requests', 'day'],
  ['tokensPerDay', 'tokens', 'day'],
  ['maxConcurrent', 'concurrent', undefined],
] as const satisfies readonly (readonly [keyof LimitSettings, Resource, Period | undefined])[];

const budgetPeriods = ['day', 'week', 'month', 'total'] as const satisfies readonly (keyof BudgetSettings)[];

/**
 * The limits of a level, one for each number that its settings have.
 * @param identity what the counts hang on, where that is not the level's name: a key's may change
 */
export function levelLimits(level: Level, settings: LimitSettings, identity: string = level.name): Limit[] {
  const limits: Limit[] = [];
  const add = (resource: Resource, period: Period | undefined, maximum: number | undefined) => {
    if (maximum === undefined) return;
    limits.push({
      id: limitId({ kind: level.kind, name: identity }, resource, period),
      level,
      resource,
      period,
      maximum,
    });
  };
  for (const [name, resource, period] of rates) add(resource, period, settings[name]);
  for (const period of budgetPeriods) add('cost', period, settings.budget[period]);
  return limits;
}

/** What holds for a level: its own settings, and where they say nothing those of its tier. */
export function withTier(own: LimitSettings | undefined, tier: LimitSettings | undefined): LimitSettings | undefined {
  if (own === undefined || tier === undefined) return own ?? tier;
  return {
    requestsPerMinute: own.requestsPerMinute ?? tier.requestsPerMinute,
    tokensPerMinute: own.tokensPerMinute ?? tier.tokensPerMinute,
    requestsPerDay: own.requestsPerDay ?? tier.requestsPerDay,
    tokensPerDay: own.tokensPerDay ?? tier.tokensPerDay,
    maxConcurrent: own.maxConcurrent ?? tier.maxConcurrent,
    budget: {
      day: own.budget.day ?? tier.budget.day,
      week: own.budget.week ?? tier.budget.week,
      month: own.budget.month ?? tier.budget.month,
      total: own.budget.total ?? tier.budget.total,
    },
    whenSpent: own.whenSpent ?? tier.whenSpent,
  };
}
