import type { WatchedHeaders, WireHeaders } from '../types/call-watch.ts';
import type { Mask } from './capture-body.ts';
import { maskText } from './redactor.ts';

/** Their values are nobody's to see, whatever they are. */
const hiddenHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'set-cookie',
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON has to escape
const escapedInJson = /["\\\u0000-\u001f]/;

/**
 * Headers as a JSON object. It is put together by hand, since that takes half the time of an object that lives for
 * one line; a name is a token of HTTP and never needs an escape.
 */
class HeaderText {
  #text = '';
  #values = '';
  readonly #pairs: string[] = [];
  readonly #mask: Mask;

  constructor(mask: Mask) {
    this.#mask = mask;
  }

  add(name: string, value: string, isHidden: boolean): void {
    const shown = isHidden ? maskText : this.#mask === undefined ? value : this.#mask.text(value);
    this.#text += this.#text === '' ? `"${name}":"${shown}"` : `,"${name}":"${shown}"`;
    this.#values += shown;
    this.#pairs.push(name, shown);
  }

  end(): string {
    if (!escapedInJson.test(this.#values)) return `{${this.#text}}`;
    const pairs: [string, string][] = [];
    for (let at = 0; at < this.#pairs.length; at += 2) {
      pairs.push([this.#pairs[at] as string, this.#pairs[at + 1] as string]);
    }
    return JSON.stringify(Object.fromEntries(pairs));
  }
}

/** Headers by name; those that came several times are joined with commas. */
export function objectHeaders(headers: WireHeaders, mask: Mask): string {
  const text = new HeaderText(mask);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    text.add(name, typeof value === 'string' ? value : value.join(', '), hiddenHeaders.has(name));
  }
  return text.end();
}

/** Headers as name, value, name, value ... */
export function listHeaders(headers: readonly string[], hidden: ReadonlySet<string>, mask: Mask): string {
  const text = new HeaderText(mask);
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase();
    text.add(name, headers[at + 1] as string, hidden.has(name) || hiddenHeaders.has(name));
  }
  return text.end();
}

export function pairHeaders(headers: WatchedHeaders, mask: Mask): string {
  const text = new HeaderText(mask);
  for (const [name, value] of headers) text.add(name, value, hiddenHeaders.has(name));
  return text.end();
}
