import type { Period } from './limit.ts';

/** Periods that calendars know; those of the others are no spans between two fixed moments. */
export type CalendarPeriod = Exclude<Period, 'minute'>;

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** 5 January 1970. */
const firstMonday = 4 * dayMs;

/** The first millisecond of the period in UTC that a moment lies in; 0 for `total`. */
export function periodStart(period: CalendarPeriod, wallMs: number): number {
  if (period === 'day') return Math.floor(wallMs / dayMs) * dayMs;
  if (period === 'week') return Math.floor((wallMs - firstMonday) / weekMs) * weekMs + firstMonday;
  if (period === 'total') return 0;
  const date = new Date(wallMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** The first millisecond after the period that begins there; `total` never ends. */
export function periodEnd(period: CalendarPeriod, start: number): number {
  if (period === 'day') return start + dayMs;
  if (period === 'week') return start + weekMs;
  if (period === 'total') return Number.POSITIVE_INFINITY;
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
