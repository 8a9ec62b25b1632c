import { PlanError } from './plan-error.ts';
import type { Budget } from './spending.ts';

/** What takes away from a budget; undefined: nothing of that. */
export interface BudgetLimits {
  readonly maxCalls?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly maxCost?: number | undefined;
  readonly whenSpent?: 'best' | 'error' | undefined;
}

/** A budget of which another only ever takes away. */
export function tighter(budget: Budget, other: BudgetLimits): Budget {
  return {
    maxCalls: Math.min(budget.maxCalls, other.maxCalls ?? budget.maxCalls),
    deadlineMs: lesser(budget.deadlineMs, other.deadlineMs),
    maxCost: lesser(budget.maxCost, other.maxCost),
    whenSpent: other.whenSpent === 'error' ? 'error' : budget.whenSpent,
  };
}

/**
 * The budget that a request sends: `max_calls`, `deadline` in seconds, `max_cost` in US dollars, `when_spent`.
 * @throws PlanError
 */
export function readBudget(written: Readonly<Record<string, unknown>>): BudgetLimits {
  const { max_calls, deadline, max_cost, when_spent, ...rest } = written;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new PlanError(`a budget has no "${unknown}"; it has max_calls, deadline, max_cost and when_spent`);
  }
  if (when_spent !== undefined && when_spent !== 'best' && when_spent !== 'error') {
    throw new PlanError('"when_spent" of a budget must be "best" or "error"');
  }
  const calls = readNumber('max_calls', max_calls);
  const seconds = readNumber('deadline', deadline);
  const dollars = readNumber('max_cost', max_cost);
  return {
    maxCalls: calls && Math.max(1, Math.floor(calls)),
    deadlineMs: seconds && seconds * 1000,
    maxCost: dollars && dollars * 1e9,
    whenSpent: when_spent,
  };
}

function readNumber(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new PlanError(`"${name}" of a budget must be a number above 0`);
}

function lesser(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.min(one, other);
}
