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
const none: ReadonlySet<string> = new Set();

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON has to escape
const escapedInJson = /["\\\u0000-\u001f]/;
/** Of each call, so many headers are remembered, and no longer values. */
const remembered = { headers: 64, characters: 256 };

/**
 * What was written of the headers in one place of the latest line: most of them say the same in the next one, and are
 * not put together again.
 */
export class HeaderMemory {
  #hidden = none;
  readonly #names: string[] = [];
  /** Undefined: it is hidden. */
  readonly #values: (string | undefined)[] = [];
  readonly #texts: string[] = [];

  /** @param hidden names of headers whose values nobody may see, beyond the usual ones */
  begin(hidden: ReadonlySet<string> = none): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    this.#names.length = 0;
  }

  /** The `at`th header as a part of a JSON object. */
  text(at: number, name: string, value: string): string {
    if (this.#names[at] === name) {
      const known = this.#values[at];
      if (known === undefined || known === value) return this.#texts[at] as string;
    }
    const isHidden = this.isHidden(name);
    const text = pair(at, name, isHidden ? maskText : value);
    if (at >= remembered.headers || value.length > remembered.characters) return text;
    this.#names[at] = name;
    this.#values[at] = isHidden ? undefined : value;
    this.#texts[at] = text;
    return text;
  }

  isHidden(name: string): boolean {
    const lower = name.toLowerCase();
    return hiddenHeaders.has(lower) || this.#hidden.has(lower);
  }
}

/** Put together by hand, since that takes half the time; a name is a token of HTTP and never needs an escape. */
function pair(at: number, name: string, value: string): string {
  const quoted = escapedInJson.test(value) ? JSON.stringify(value) : `"${value}"`;
  return `${at === 0 ? '' : ','}"${name.toLowerCase()}":${quoted}`;
}

function header(memory: HeaderMemory, mask: Mask, at: number, name: string, value: string): string {
  if (mask === undefined) return memory.text(at, name, value);
  return pair(at, name, memory.isHidden(name) ? maskText : mask.text(value));
}

/** Headers by name; those that came several times are joined with commas. */
export function objectHeaders(headers: WireHeaders, memory: HeaderMemory, mask: Mask): string {
  let text = '';
  let at = 0;
  memory.begin();
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    text += header(memory, mask, at++, name, typeof value === 'string' ? value : value.join(', '));
  }
  return `{${text}}`;
}

/** Headers as name, value, name, value ... */
export function listHeaders(
  headers: readonly string[],
  hidden: ReadonlySet<string>,
  memory: HeaderMemory,
  mask: Mask,
): string {
  let text = '';
  memory.begin(hidden);
  for (let at = 0; at + 1 < headers.length; at += 2) {
    text += header(memory, mask, at / 2, headers[at] as string, headers[at + 1] as string);
  }
  return `{${text}}`;
}

export function pairHeaders(headers: WatchedHeaders, memory: HeaderMemory, mask: Mask): string {
  let text = '';
  let at = 0;
  memory.begin();
  for (const [name, value] of headers) text += header(memory, mask, at++, name, value);
  return `{${text}}`;
}
