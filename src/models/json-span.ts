const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/**
 * One value inside a JSON text, by its place: nothing is parsed before it is asked for, so that spellings survive,
 * and nesting has no limit. Each method is linear in the value's length. Throws `SyntaxError` where the text is no JSON.
 */
export class JsonSpan {
  readonly text: string;
  readonly start: number;
  readonly end: number;

  private constructor(text: string, start: number, end: number) {
    this.text = text;
    this.start = start;
    this.end = end;
  }

  /** The value that the whole text is. */
  static of(text: string): JsonSpan {
    return JsonSpan.#at(text, skipWhitespace(text, 0));
  }

  static #at(text: string, start: number): JsonSpan {
    return new JsonSpan(text, start, valueEnd(text, start));
  }

  get kind(): JsonKind {
    switch (this.text[this.start]) {
      case '{':
        return 'object';
      case '[':
        return 'array';
      case '"':
        return 'string';
      case 't':
      case 'f':
        return 'boolean';
      case 'n':
        return 'null';
      default:
        return 'number';
    }
  }

  /** The members of an object by name, of equal names the last; nothing for another kind. */
  members(): Map<string, JsonSpan> {
    const members = new Map<string, JsonSpan>();
    if (this.kind !== 'object') return members;
    for (let index = this.#first(); index < this.end - 1; index = this.#afterComma(index)) {
      const nameEnd = stringEnd(this.text, index);
      const name = readString(this.text, index, nameEnd);
      const value = JsonSpan.#at(this.text, this.#afterColon(nameEnd));
      members.set(name, value);
      index = value.end;
    }
    return members;
  }

  /** The elements of an array; nothing for another kind. */
  *elements(): Generator<JsonSpan> {
    if (this.kind !== 'array') return;
    for (let index = this.#first(); index < this.end - 1; index = this.#afterComma(index)) {
      const value = JsonSpan.#at(this.text, index);
      yield value;
      index = value.end;
    }
  }

  /** The text of a string, undefined for another kind. */
  string(): string | undefined {
    return this.kind === 'string' ? readString(this.text, this.start, this.end) : undefined;
  }

  /** This value's JSON without white space outside strings and with characters written out, never longer in bytes. */
  minified(): string {
    let written = '';
    let from = this.start;
    for (let index = this.start; index < this.end; ) {
      const unit = this.text.charCodeAt(index);
      if (unit === quote) {
        const end = stringEnd(this.text, index);
        if (hasEscape(this.text, index, end)) {
          written += this.text.slice(from, index) + shortestString(this.text, index, end);
          from = end;
        }
        index = end;
      } else if (isWhitespace(unit)) {
        written += this.text.slice(from, index);
        index = skipWhitespace(this.text, index);
        from = index;
      } else index++;
    }
    return written + this.text.slice(from, this.end);
  }

  #first(): number {
    return skipWhitespace(this.text, this.start + 1);
  }

  #afterComma(valueEnd: number): number {
    const index = skipWhitespace(this.text, valueEnd);
    if (index >= this.end - 1) return index;
    return skipWhitespace(this.text, expect(this.text, index, comma));
  }

  #afterColon(nameEnd: number): number {
    return skipWhitespace(this.text, expect(this.text, skipWhitespace(this.text, nameEnd), colon));
  }
}

function expect(text: string, index: number, unit: number): number {
  if (text.charCodeAt(index) !== unit) throw new SyntaxError(`The text is no JSON at character ${index}.`);
  return index + 1;
}

function isWhitespace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

function skipWhitespace(text: string, start: number): number {
  let index = start;
  while (isWhitespace(text.charCodeAt(index))) index++;
  return index;
}

/** Where the string ends that begins at `start`, after its closing quote. */
function stringEnd(text: string, start: number): number {
  expect(text, start, quote);
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = end;
    while (text.charCodeAt(slashes - 1) === backslash) slashes--;
    if ((end - slashes) % 2 === 0) return end + 1;
  }
  throw new SyntaxError(`The text is no JSON: the string at character ${start} does not end.`);
}

function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  if (first === '{' || first === '[') return nestEnd(text, start);
  let end = start;
  while (isScalar(text.charCodeAt(end))) end++;
  if (end === start) throw new SyntaxError(`The text is no JSON at character ${start}.`);
  return end;
}

/** Of numbers, `true`, `false` and `null`. */
function isScalar(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x2d && unit <= 0x39) || unit === 0x2b || unit === 0x45;
}

function nestEnd(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; ) {
    const unit = text.charCodeAt(index);
    if (unit === quote) {
      index = stringEnd(text, index);
      continue;
    }
    index++;
    // The low bits tell [ and { from ] and }: 5b 7b, 5d 7d.
    if ((unit | 0x20) === 0x7b) depth++;
    else if ((unit | 0x20) === 0x7d && --depth === 0) return index;
  }
  throw new SyntaxError(`The text is no JSON: what begins at character ${start} does not end.`);
}

function hasEscape(text: string, start: number, end: number): boolean {
  return text.slice(start, end).includes('\\');
}

function readString(text: string, start: number, end: number): string {
  return hasEscape(text, start, end) ? (JSON.parse(text.slice(start, end)) as string) : text.slice(start + 1, end - 1);
}

function shortestString(text: string, start: number, end: number): string {
  return JSON.stringify(readString(text, start, end).toWellFormed());
}
