const datePattern = /^\d{4}-\d{2}-\d{2}$/;
const momentPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * A moment as people write it: an ISO 8601 date, which means its first moment in UTC, or a date and time with a zone.
 * @returns milliseconds since 1970; undefined where it is none, such as 30 February
 */
export function readMoment(written: string): number | undefined {
  const isDate = datePattern.test(written);
  if (!isDate && !momentPattern.test(written)) return undefined;
  const moment = Date.parse(isDate ? `${written}T00:00:00Z` : written);
  if (Number.isNaN(moment) || !isDayOfMonth(written)) return undefined;
  return moment;
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDayOfMonth(written: string): boolean {
  const date = new Date(`${written.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written.slice(0, 10));
}
