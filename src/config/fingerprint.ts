import { Secret } from '../secret.ts';

/** A text that is equal for equal parts of a configuration, secrets included, and holds no secret. */
export function fingerprint(value: unknown): string {
  return JSON.stringify(value, function replace(this: Record<string, unknown>, key: string, replaced: unknown) {
    const original = this[key]; // before `toJSON` has hidden what it is
    if (original instanceof Secret) return original.digest().toString('hex');
    if (original instanceof Map || original instanceof Set) return [...original];
    if (original instanceof RegExp) return String(original);
    return replaced;
  });
}
