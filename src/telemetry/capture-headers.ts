import type { WatchedHeaders, WireHeaders } from '../types/call-watch.ts';
import { type Mask, masked } from './capture-body.ts';
import type { JsonWriter } from './json-writer.ts';
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

/** Of each list, so many headers are remembered, and no longer values. */
const remembered = { headers: 64, characters: 256 };

/**
 * Writes the headers of one place of a line. It remembers what it wrote in the latest one: most headers say the same in
 * the next one, and what stands between those that do not is one piece of bytes already.
 */
export class HeaderWriter {
  readonly #writer: JsonWriter;
  #hidden = none;
  readonly #names: string[] = [];
  /** Undefined: it is hidden. */
  readonly #values: (string | undefined)[] = [];
  /** By the header that it begins with: several headers as bytes, and the header before which they end. */
  readonly #runs: ({ readonly end: number; readonly bytes: Buffer } | undefined)[] = [];
  #mask: Mask;
  #count = 0;
  /** From this header on all are as they were. */
  #runFrom = 0;

  constructor(writer: JsonWriter) {
    this.#writer = writer;
  }

  /** @param hidden names of headers whose values nobody may see, beyond the usual ones */
  begin(mask: Mask, hidden: ReadonlySet<string> = none): void {
    if (hidden !== this.#hidden) this.#names.length = 0;
    this.#hidden = hidden;
    this.#mask = mask;
    this.#count = 0;
    this.#runFrom = 0;
    this.#writer.text('{');
  }

  add(name: string, value: string): void {
    const at = this.#count++;
    if (this.#mask === undefined && this.#names[at] === name) {
      const known = this.#values[at];
      if (known === undefined || known === value) return;
    }
    this.#endRun(at);
    this.#runFrom = at + 1;
    const isHidden = this.#isHidden(name);
    if (this.#mask === undefined) this.#remember(at, name, isHidden ? undefined : value);
    this.#writer.text(at === 0 ? '"' : ',"');
    this.#writer.text(name.toLowerCase()); // a token of HTTP never needs an escape
    this.#writer.text('":');
    this.#writer.quoted(isHidden ? maskText : masked(value, this.#mask));
  }

  /** Writes the end of the object of JSON. */
  end(): void {
    this.#endRun(this.#count);
    this.#writer.text('}');
  }

  #endRun(end: number): void {
    const from = this.#runFrom;
    if (from === end) return;
    let run = this.#runs[from];
    if (run?.end !== end) {
      run = { end, bytes: this.#bytesOf(from, end) };
      this.#runs[from] = run;
    }
    this.#writer.bytes(run.bytes);
  }

  #bytesOf(from: number, end: number): Buffer {
    let text = '';
    for (let at = from; at < end; at++) {
      const name = (this.#names[at] as string).toLowerCase();
      text += `${at === 0 ? '' : ','}"${name}":${JSON.stringify(this.#values[at] ?? maskText)}`;
    }
    return Buffer.from(text);
  }

  /** @param value undefined: it is hidden */
  #remember(at: number, name: string, value: string | undefined): void {
    if (at >= remembered.headers || (value?.length ?? 0) > remembered.characters) return;
    for (let from = 0; from <= at; from++) if ((this.#runs[from]?.end ?? 0) > at) this.#runs[from] = undefined;
    this.#names[at] = name;
    this.#values[at] = value;
  }

  #isHidden(name: string): boolean {
    const lower = name.toLowerCase();
    return hiddenHeaders.has(lower) || this.#hidden.has(lower);
  }
}

/** Headers by name; those that came several times are joined with commas. */
export function objectHeaders(headers: WireHeaders, writer: HeaderWriter, mask: Mask): void {
  writer.begin(mask);
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) writer.add(name, typeof value === 'string' ? value : value.join(', '));
  }
  writer.end();
}

/** Headers as name, value, name, value ... */
export function listHeaders(
  headers: readonly string[],
  hidden: ReadonlySet<string>,
  writer: HeaderWriter,
  mask: Mask,
): void {
  writer.begin(mask, hidden);
  for (let at = 0; at + 1 < headers.length; at += 2) writer.add(headers[at] as string, headers[at + 1] as string);
  writer.end();
}

export function pairHeaders(headers: WatchedHeaders, writer: HeaderWriter, mask: Mask): void {
  writer.begin(mask);
  for (const [name, value] of headers) writer.add(name, value);
  writer.end();
}
