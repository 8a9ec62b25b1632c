import { Secret } from '../secret.ts';

/**
 * A key as it is used: outer white space and then one pair of surrounding quotes are taken off, and nothing else is
 * ever judged or changed. Undefined where nothing is left: then there is no key.
 */
export function cleanKey(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? '';
  const quoted = /^(["'])([\s\S]*)\1$/.exec(trimmed);
  const bare = quoted && trimmed.length >= 2 ? (quoted[2] ?? '') : trimmed;
  return bare === '' ? undefined : bare;
}

/** The key in an environment variable; undefined where it is unset or empty. */
export function secretFrom(value: string | undefined): Secret | undefined {
  const key = cleanKey(value);
  return key === undefined ? undefined : new Secret(key);
}

const notInHeaders = /[^\t\x20-\x7e\x80-\xff]/;

/** What is wrong with the text of a key, without a bit of the key; undefined: it is good. */
export function keyProblem(value: string): string | undefined {
  const key = cleanKey(value);
  if (key === undefined) return 'must be a key that is not empty; for a server without keys write any word';
  return unsendable(key) ? 'has a line break or another character that no HTTP header can carry' : undefined;
}

/** Whether an HTTP header cannot carry this text. */
export function unsendable(text: string): boolean {
  return notInHeaders.test(text);
}
