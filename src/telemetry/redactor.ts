import type { Secret } from '../secret.ts';
import { CaptureMatcher } from './capture-matcher.ts';

/** What stands in place of a secret. */
export const maskText = '[secret]';
/** A shorter secret, such as `none`, is masked where it stands alone, not inside other words. */
const shortLength = 8;
/** Tokens that were granted while running are remembered, so many of the latest. */
const maximumLearned = 32;

/** Finds and masks secrets in texts: plain, as they stand within JSON or twice within it, and in URLs. */
export class Redactor {
  readonly #fixed: readonly string[];
  #learned: string[] = [];
  readonly #known = new Set<string>();
  #pattern: RegExp | undefined;
  #matcher = new CaptureMatcher([]);

  constructor(secrets: readonly Secret[]) {
    this.#fixed = [...new Set(secrets.map((secret) => secret.reveal()).filter((value) => value !== ''))];
    this.#build();
  }

  /** Whether this very text is one of the secrets. */
  knows(value: string): boolean {
    return this.#known.has(value);
  }

  /** From now on this is a secret as well. */
  learn(value: string): void {
    if (value === '' || this.#known.has(value)) return;
    this.#learned = [...this.#learned, value].slice(-maximumLearned);
    this.#build();
  }

  /** Whether a secret stands in the text. */
  finds(text: string): boolean {
    return this.#pattern?.test(text) ?? false;
  }

  /** Whether a secret may stand in a text that is UTF-8; false where there surely is none. A quick look. */
  mayStandIn(bytes: Uint8Array): boolean {
    return this.#matcher.finds(bytes);
  }

  /** @param extra more secrets, for this text only */
  mask(text: string, extra: readonly string[] = []): string {
    const pattern = this.#all(extra);
    return pattern === undefined ? text : text.replace(pattern, maskText);
  }

  /** Where secrets stand in the text: from, to. */
  spans(text: string, extra: readonly string[] = []): (readonly [number, number])[] {
    const pattern = this.#all(extra);
    if (pattern === undefined) return [];
    return [...text.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const);
  }

  #build(): void {
    this.#known.clear();
    for (const value of [...this.#fixed, ...this.#learned]) this.#known.add(value);
    this.#pattern = this.#known.size === 0 ? undefined : new RegExp(alternatives([...this.#known]));
    this.#matcher = new CaptureMatcher([...new Set([...this.#known].flatMap(formsOf))]);
  }

  #all(extra: readonly string[]): RegExp | undefined {
    const values = [...this.#known, ...extra];
    return values.length === 0 ? undefined : new RegExp(alternatives(values), 'g');
  }
}

/** The longest first, so that a secret that begins another one leaves nothing of it. */
function alternatives(secrets: readonly string[]): string {
  const forms = [...new Set(secrets.flatMap(formsOf))].toSorted((one, other) => other.length - one.length);
  return forms.map(toPattern).join('|');
}

function formsOf(secret: string): string[] {
  const slashed = secret.replaceAll('/', '\\/');
  const inUrl = encodeURIComponent(secret.toWellFormed());
  return [secret, slashed, inUrl, Buffer.from(secret).toString('latin1')].flatMap((form) => [
    form,
    escaped(form),
    escaped(escaped(form)),
  ]);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function toPattern(form: string): string {
  const literal = form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return form.length >= shortLength ? literal : `(?<![A-Za-z0-9_-])${literal}(?![A-Za-z0-9_-])`;
}
