import type { Limit } from '../limits/limit.ts';

/** Such as `team "research"`. */
export function whose({ level }: Limit): string {
  return `${level.kind.replace('-', ' ')} "${level.name}"`;
}

/** Such as `tokens per minute`. */
export function countedOf({ resource, period }: Limit): string {
  if (resource === 'concurrent') return 'requests at a time';
  return `${resource} ${period === 'total' ? 'in total' : `per ${period}`}`;
}

/** Such as `a month`. */
export function spanOf({ period }: Limit): string {
  return period === 'total' ? 'in total' : `a ${period}`;
}

/** Periods begin with a second; clocks that are read one after the other differ by less. */
export function atSecond(wallMs: number): string {
  return new Date(Math.round(wallMs / 1000) * 1000).toISOString();
}

/** Down to a hundredth of a cent, and to what there is where it is less. */
export function dollars(nanoDollars: number): string {
  const amount = nanoDollars / 1e9;
  return `$${amount === 0 || amount >= 0.01 ? amount.toFixed(amount < 1 ? 4 : 2) : amount.toPrecision(2)}`;
}
