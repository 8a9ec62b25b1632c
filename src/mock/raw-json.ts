import { JsonScanner } from '../bytes/json-scanner.ts';

const comma = 0x2c;
const colon = 0x3a;
const closes: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** Where values stand in a JSON text that is known to be well-formed, so that their very bytes can be had. */
export class RawJson {
  readonly bytes: Buffer;

  /** @param bytes one value, well-formed */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The value of a field of an object. Of a key that stands there twice, the last one, as `JSON.parse` has it. */
  field(key: string): RawJson | undefined {
    let found: RawJson | undefined;
    const parts = this.#parts();
    for (let at = 0; at + 1 < parts.length; at += 2) {
      if (JSON.parse(`${parts[at]?.bytes}`) === key) found = parts[at + 1];
    }
    return found;
  }

  /** The elements of an array. */
  elements(): RawJson[] {
    return this.#parts();
  }

  /** What stands between the outermost brackets: the elements, or keys and values in turn. */
  #parts(): RawJson[] {
    const { bytes } = this;
    const scanner = new JsonScanner(bytes, Number.POSITIVE_INFINITY);
    const parts: RawJson[] = [];
    let at = scanner.skipSpace(scanner.skipSpace(0) + 1);
    while (!closes.has(bytes[at] as number)) {
      const end = scanner.skipValue(at);
      parts.push(new RawJson(bytes.subarray(at, end)));
      at = scanner.skipSpace(end);
      if (bytes[at] === comma || bytes[at] === colon) at = scanner.skipSpace(at + 1);
    }
    return parts;
  }
}
