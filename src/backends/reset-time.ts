/** No backend is taken at its word beyond this, in milliseconds. */
export const longestWaitMs = 24 * 60 * 60 * 1000;

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d))+$/;
const parts = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h|d)/g;
const date = /^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d|[A-Z][a-z]{2}, )/;
/** A number from here on is no duration but a moment: seconds since 1970, and from the second bound on milliseconds. */
const firstEpochSeconds = 1e9;
const firstEpochMs = 1e12;

/**
 * When a limit is free again, in milliseconds from now and at most a day: `6m0s`, `20ms`, seconds, the seconds or
 * milliseconds since 1970, or a date. Undefined for anything else.
 * @param now milliseconds since 1970
 */
export function readResetTime(text: string, now: number = Date.now()): number | undefined {
  const trimmed = text.trim();
  if (duration.test(trimmed)) return bounded(durationMs(trimmed));
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) {
    const value = Number(trimmed);
    if (value >= firstEpochMs) return bounded(value - now);
    return bounded(value >= firstEpochSeconds ? value * 1000 - now : value * 1000);
  }
  return date.test(trimmed) ? bounded(Date.parse(trimmed) - now) : undefined;
}

/** At least 0 and at most a day; undefined for what is no number. */
export function bounded(milliseconds: number): number | undefined {
  return Number.isNaN(milliseconds) ? undefined : Math.min(longestWaitMs, Math.max(0, milliseconds));
}

function durationMs(text: string): number {
  let sum = 0;
  for (const [, value, unit] of text.matchAll(parts)) sum += Number(value) * (unitMs[unit as string] as number);
  return sum;
}
