import type { WatchedHeaders, WireHeaders } from '../types/call-watch.ts';
import type { Mask, Masking } from './capture-body.ts';
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
/** Of each list, so many headers are remembered, and no longer values. */
const remembered = { headers: 64, characters: 256 };

/**
 * Writes the headers of one place of a line. It remembers what it wrote in the latest one: most headers say the same in
 * the next one, and what stands between those that do not is one text already.
 */
export class HeaderWriter {
  #hidden = none;
  readonly #names: string[] = [];
  /** Undefined: it is hidden. */
  readonly #values: (string | undefined)[] = [];
  readonly #texts: string[] = [];
  /** By the header that it begins with: the texts of several headers as one, and the header before which it ends. */
  readonly #runs: ({ readonly end: number; readonly text: string } | undefined)[] = [];
  #mask: Mask;
  #count = 0;
  /** From this header on all are as they were. */
  #runFrom = 0;
  #text = '';

  /** @param hidden names of headers whose values nobody may see, beyond the usual ones */
  begin(mask: Mask, hidden: ReadonlySet<string> = none): void {
    if (hidden !== this.#hidden) this.#names.length = 0;
    this.#hidden = hidden;
    this.#mask = mask;
    this.#count = 0;
    this.#runFrom = 0;
    this.#text = '{';
  }

  add(name: string, value: string): void {
    const at = this.#count++;
    if (this.#mask === undefined && this.#names[at] === name) {
      const known = this.#values[at];
      if (known === undefined || known === value) return;
    }
    this.#endRun(at);
    this.#runFrom = at + 1;
    this.#text +=
      this.#mask === undefined ? this.#remember(at, name, value) : this.#masked(at, name, value, this.#mask);
  }

  /** What was added, as an object of JSON. */
  end(): string {
    this.#endRun(this.#count);
    return `${this.#text}}`;
  }

  #endRun(end: number): void {
    const from = this.#runFrom;
    if (from === end) return;
    let run = this.#runs[from];
    if (run?.end !== end) {
      // By way of bytes it is a text without parts, which are slower to write.
      run = { end, text: Buffer.from(this.#texts.slice(from, end).join('')).toString() };
      this.#runs[from] = run;
    }
    this.#text += run.text;
  }

  #remember(at: number, name: string, value: string): string {
    const isHidden = this.#isHidden(name);
    const text = pair(at, name, isHidden ? maskText : value);
    if (at >= remembered.headers || value.length > remembered.characters) return text;
    for (let from = 0; from <= at; from++) if ((this.#runs[from]?.end ?? 0) > at) this.#runs[from] = undefined;
    this.#names[at] = name;
    this.#values[at] = isHidden ? undefined : value;
    this.#texts[at] = text;
    return text;
  }

  #masked(at: number, name: string, value: string, mask: Masking): string {
    return pair(at, name, this.#isHidden(name) ? maskText : mask.text(value));
  }

  #isHidden(name: string): boolean {
    const lower = name.toLowerCase();
    return hiddenHeaders.has(lower) || this.#hidden.has(lower);
  }
}

/** Put together by hand, since that takes half the time; a name is a token of HTTP and never needs an escape. */
function pair(at: number, name: string, value: string): string {
  const quoted = escapedInJson.test(value) ? JSON.stringify(value) : `"${value}"`;
  return `${at === 0 ? '' : ','}"${name.toLowerCase()}":${quoted}`;
}

/** Headers by name; those that came several times are joined with commas. */
export function objectHeaders(headers: WireHeaders, writer: HeaderWriter, mask: Mask): string {
  writer.begin(mask);
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) writer.add(name, typeof value === 'string' ? value : value.join(', '));
  }
  return writer.end();
}

/** Headers as name, value, name, value ... */
export function listHeaders(
  headers: readonly string[],
  hidden: ReadonlySet<string>,
  writer: HeaderWriter,
  mask: Mask,
): string {
  writer.begin(mask, hidden);
  for (let at = 0; at + 1 < headers.length; at += 2) writer.add(headers[at] as string, headers[at + 1] as string);
  return writer.end();
}

export function pairHeaders(headers: WatchedHeaders, writer: HeaderWriter, mask: Mask): string {
  writer.begin(mask);
  for (const [name, value] of headers) writer.add(name, value);
  return writer.end();
}
