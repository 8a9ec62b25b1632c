const durationText = /^(\d+(?:\.\d+)?)\s*(ms|s|m)$/;
const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A time in milliseconds, from a number of seconds or a text such as `500ms` or `2s`; undefined: it is neither. */
export function durationMs(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value * 1000 : undefined;
  const [, number, unit] = durationText.exec(value.trim()) ?? [];
  return number === undefined || unit === undefined ? undefined : Number(number) * (factors[unit] ?? Number.NaN);
}

/** A share of 1, from a number or a text such as `5%`; undefined: it is neither, or not above 0 and at most 1. */
export function shareOf(value: number | string): number | undefined {
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim())?.[1] : undefined;
  const share = typeof value === 'number' ? value : percent === undefined ? Number.NaN : Number(percent) / 100;
  return share > 0 && share <= 1 ? share : undefined;
}
