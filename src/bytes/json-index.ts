import { JsonScanner, JsonSyntaxError } from './json-scanner.ts';

/** A field of the object at the top of a document: its bytes, from `start` to before `end`. */
export interface JsonField {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** From so many fields on, a set is faster than looking at each of them. */
const manyFields = 32;

/**
 * Where the top-level fields of a JSON object stand in its bytes: enough to read a few of them and to replace them
 * without building or re-serialising the rest.
 */
export class JsonIndex {
  readonly bytes: Buffer;
  readonly fields: readonly JsonField[];
  /** The first key that stands there twice, however it is escaped. */
  readonly duplicate: string | undefined;
  /** The offset of the closing `}`. */
  readonly close: number;

  private constructor(bytes: Buffer, fields: readonly JsonField[], duplicate: string | undefined, close: number) {
    this.bytes = bytes;
    this.fields = fields;
    this.duplicate = duplicate;
    this.close = close;
  }

  /**
   * Reads a whole document whose top is an object.
   * @throws JsonSyntaxError where `JSON.parse` would throw, where the top is no object, or where it is nested too deep
   */
  static read(bytes: Buffer): JsonIndex {
    const scanner = new JsonScanner(bytes);
    let at = scanner.skipSpace(0);
    if (bytes[at] !== 0x7b) throw new JsonSyntaxError('expected an object', at);
    at = scanner.skipSpace(at + 1);
    const fields: JsonField[] = [];
    let duplicate: string | undefined;
    let keys: Set<string> | undefined;
    while (bytes[at] !== 0x7d || fields.length > 0) {
      const start = scanner.skipKey(at);
      const key = readKey(bytes, at);
      const end = scanner.skipValue(start);
      if (fields.length === manyFields) keys = new Set(fields.map((field) => field.key));
      if (duplicate === undefined && (keys?.has(key) ?? fields.some((field) => field.key === key))) duplicate = key;
      keys?.add(key);
      fields.push({ key, start, end });
      at = scanner.skipSpace(end);
      if (bytes[at] === 0x7d) break;
      if (bytes[at] !== 0x2c) throw new JsonSyntaxError('expected "," or "}"', at);
      at = scanner.skipSpace(at + 1);
    }
    const rest = scanner.skipSpace(at + 1);
    if (rest < bytes.length) throw new JsonSyntaxError('something stands behind the object', rest);
    return new JsonIndex(bytes, fields, duplicate, at);
  }

  find(key: string): JsonField | undefined {
    for (const field of this.fields) if (field.key === key) return field;
    return undefined;
  }

  /** The value of a field as `JSON.parse` gives it; undefined where there is no such field. */
  get(key: string): unknown {
    const field = this.find(key);
    return field === undefined ? undefined : parseField(this.bytes, field);
  }
}

/** The value of a field as `JSON.parse` gives it. */
export function parseField(bytes: Buffer, field: JsonField): unknown {
  return JSON.parse(bytes.toString('utf8', field.start, field.end));
}

/** The key whose opening quote is at `at`; its string is known to be well-formed. */
function readKey(bytes: Buffer, at: number): string {
  let end = at + 1;
  let plain = true;
  let ascii = true;
  for (let byte = bytes[end] as number; byte !== 0x22; byte = bytes[++end] as number) {
    if (byte > 0x7f) ascii = false;
    if (byte === 0x5c) {
      end++;
      plain = false;
    }
  }
  const text = bytes.toString(ascii ? 'latin1' : 'utf8', at + 1, end);
  return plain ? text : (JSON.parse(`"${text}"`) as string);
}
