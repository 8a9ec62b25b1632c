import { changeStrings } from './json-strings.ts';
import { type NotationName, notations, placeholderForm } from './placeholder-form.ts';
import type { DataKind, Recognizer } from './recognizer.ts';
import { recognizers } from './recognizers.ts';
import { Restorer } from './restorer.ts';

/** A part of a text; with a kind, it is data of that kind. */
interface Piece {
  readonly text: string;
  readonly kind?: DataKind;
}

/**
 * The personal data of one request and what stands in their place: `<EMAIL_1>`, `<PHONE_1>` ... The same text always
 * gets the same placeholder. For every text, `restore(hide(text)) === text`, also where it holds what looks like a
 * placeholder: that survives as it is, because its name is not given to anything. Values can't be printed.
 */
export class Placeholders {
  readonly #recognizers: readonly Recognizer[];
  /** By name, such as `EMAIL_1`. */
  readonly #values = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #lastNumbers = new Map<DataKind, number>();
  /** Names that stand in the request by themselves. */
  readonly #reserved = new Set<string>();

  constructor(kinds: readonly Recognizer[] = recognizers) {
    this.#recognizers = kinds;
  }

  /** How many different values were hidden. */
  get size(): number {
    return this.#values.size;
  }

  /**
   * Keeps names that stand in a text from being given out. Doing so with all texts of a request first lets each of
   * them survive towards the model, too; otherwise one that comes too late is hidden as `<TEXT_1>` and comes back.
   */
  reserve(text: string): void {
    for (const match of text.matchAll(placeholderForm)) this.#reserve(match[1] as string);
  }

  /** The text with placeholders in place of personal data. Takes time in proportion to its length. */
  hide(text: string): string {
    this.reserve(text);
    let pieces = cut(text, 'TEXT', formSpans(text));
    for (const recognizer of this.#recognizers) {
      pieces = pieces.flatMap((piece) =>
        piece.kind ? [piece] : cut(piece.text, recognizer.kind, recognizer.find(piece.text)),
      );
    }
    return pieces.map((piece) => this.#shown(piece)).join('');
  }

  /**
   * The same for JSON in a text, such as the arguments of a tool call: its strings are hidden each by itself and
   * the rest stays as it is written, numbers too. What is no JSON is hidden as any text.
   */
  hideJson(text: string): string {
    return changeStrings(text, (value) => this.hide(value)) ?? this.hide(text);
  }

  /** Puts the values back. What looks like a placeholder and stands for nothing stays. */
  restore(text: string): string {
    return this.#restoreWhole(text, 'text');
  }

  /** Puts the values back inside of JSON, escaped as its strings need it. */
  restoreJson(text: string): string {
    return this.#restoreWhole(text, 'json');
  }

  /** For a text that comes in pieces; one for each text, as it remembers what it holds back. */
  restorer(notation: NotationName = 'text'): Restorer {
    return new Restorer(notations[notation], (name) => this.#values.get(name));
  }

  #restoreWhole(text: string, notation: NotationName): string {
    if (this.#values.size === 0) return text;
    const restorer = this.restorer(notation);
    return restorer.push(text) + restorer.end();
  }

  #reserve(name: string): void {
    if (!this.#values.has(name)) this.#reserved.add(name);
  }

  #shown({ text, kind }: Piece): string {
    if (!kind) return text;
    if (kind === 'TEXT' && this.#reserved.has(text.slice(1, -1))) return text;
    const known = this.#names.get(text);
    if (known !== undefined) return `<${known}>`;
    const name = this.#newName(kind);
    this.#names.set(text, name);
    this.#values.set(name, text);
    return `<${name}>`;
  }

  #newName(kind: DataKind): string {
    let number = this.#lastNumbers.get(kind) ?? 0;
    do number += 1;
    while (this.#reserved.has(`${kind}_${number}`));
    this.#lastNumbers.set(kind, number);
    return `${kind}_${number}`;
  }
}

function* formSpans(text: string): Generator<readonly [number, number]> {
  for (const match of text.matchAll(placeholderForm)) yield [match.index, match.index + match[0].length];
}

function cut(text: string, kind: DataKind, spans: Iterable<readonly [number, number]>): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const [start, end] of spans) {
    if (start > done) pieces.push({ text: text.slice(done, start) });
    pieces.push({ text: text.slice(start, end), kind });
    done = end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}
