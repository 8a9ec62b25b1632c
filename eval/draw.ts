import { hash } from 'node:crypto';

/**
 * A number of at least 0 and less than 1 that depends on the parts alone: the same parts give the same number, whatever
 * was drawn before, so that what is drawn does not depend on the order in which requests arrive.
 */
export function draw(...parts: readonly (string | number)[]): number {
  return hash('sha256', parts.join('/'), 'buffer').readUIntBE(0, 6) / 2 ** 48;
}

/** One of the entries, each as likely as the others. */
export function drawOne<Entry>(entries: readonly [Entry, ...Entry[]], ...parts: readonly (string | number)[]): Entry {
  return entries[Math.floor(draw(...parts) * entries.length)] ?? entries[0];
}
