import type { Governor } from '../limits/governor.ts';
import type { Limit, LimitState } from '../limits/limit.ts';
import type { Caller } from '../types/caller.ts';

interface Wanted {
  readonly kind?: 'key' | 'team' | 'tag' | undefined;
  readonly name?: string | undefined;
}

const units = { requests: 'requests', tokens: 'tokens', cost: 'dollars', concurrent: 'calls' } as const;

/** How the limits of callers stand, each once; a team's is the same for all of its keys. */
export function showLimitStates(callers: Iterable<Caller>, governor: Governor, wanted: Wanted) {
  const states = new Map<string, LimitState>();
  const isWanted = ({ id, level }: Limit) =>
    !states.has(id) &&
    (wanted.kind === undefined || wanted.kind === level.kind) &&
    (wanted.name === undefined || wanted.name === level.name);
  for (const { limits } of callers) {
    if (!limits?.bound.limits.some(isWanted)) continue;
    for (const state of governor.state(limits.bound)) if (isWanted(state.limit)) states.set(state.limit.id, state);
  }
  return [...states.values()].map((state) => showLimitState(state));
}

function showLimitState({ limit, used, remaining, resetMs, scope }: LimitState, now = Date.now()) {
  const { level, resource, period, maximum } = limit;
  const amount = (value: number) => (resource === 'cost' ? value / 1e9 : value);
  return {
    object: 'limit' as const,
    level: { kind: level.kind, name: level.name },
    resource,
    period: period ?? null,
    unit: units[resource],
    limit: amount(maximum),
    used: amount(used),
    remaining: amount(remaining),
    resets_at: resetMs === undefined ? null : new Date(now + resetMs).toISOString(),
    scope,
  };
}
