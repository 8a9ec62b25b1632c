/** Names come from clients too; what is longer than this is cut. */
export const longestName = 1000;
const largest = Number.MAX_SAFE_INTEGER;

/** A text as both databases can hold it: PostgreSQL knows neither NUL characters nor halves of surrogate pairs. */
export function storableText(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The same of a name, which is cut. */
export function storableName(text: string): string {
  return storableText(text.length > longestName ? text.slice(0, longestName) : text);
}

/** A whole number that a double holds exactly; `otherwise` for what is none. */
export function storableWhole(value: number, otherwise: number): number {
  if (Number.isSafeInteger(value)) return value;
  return Number.isFinite(value) ? Math.max(-largest, Math.min(largest, Math.round(value))) : otherwise;
}
