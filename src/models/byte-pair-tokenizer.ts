import { CL100K_TOKEN_SPLIT_REGEX, O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants';
import { BytePairRanks, type EncodingName } from './byte-pair-ranks.ts';
import { countInWindows, type RangeMerger } from './merge-windows.ts';
import { PairMerger } from './pair-merger.ts';
import type { Tokenizer } from './tokenizer.ts';

const splitPatterns = { o200k_base: O200K_TOKEN_SPLIT_REGEX, cl100k_base: CL100K_TOKEN_SPLIT_REGEX };

/** Bytes merged at a time; a longer piece is merged in windows. */
const windowBytes = 4096;
const marginBytes = 1024;
/** Code units after which a step ends. */
const stepUnits = 16_384;
/** Code units of a run that the pattern matches whatever is in it; the pattern's own limit is about 3 million. */
const cutUnits = 1_000_000;

/**
 * A tiktoken encoding without its special tokens: the text is split into pieces by the encoding's pattern, and each
 * piece that is no token itself is merged. Linear in the bytes, whatever the text.
 *
 * One run of more than about 3 million letters or signs beyond ASCII, without any break, is more than a regular
 * expression can match. It is cut every million, and the count may be off by one for each cut.
 */
export class BytePairTokenizer implements Tokenizer {
  readonly #pattern: RegExp;
  readonly #ranks: BytePairRanks;
  readonly #merger: PairMerger;

  constructor(name: EncodingName, ranks: BytePairRanks) {
    this.#pattern = new RegExp(splitPatterns[name].source, 'yu');
    this.#ranks = ranks;
    this.#merger = new PairMerger(ranks);
  }

  static async load(name: EncodingName): Promise<BytePairTokenizer> {
    return new BytePairTokenizer(name, await BytePairRanks.read(name));
  }

  *count(text: string): Generator<undefined, number> {
    const bytes = Buffer.from(text, 'utf8');
    const ascii = bytes.length === text.length;
    let count = 0;
    let position = 0;
    let byte = 0;
    let stepEnd = stepUnits;
    while (position < text.length) {
      const end = this.#pieceEnd(text, position);
      const byteEnd = ascii ? end : byte + utf8Length(text, position, end);
      if (this.#ranks.rank(bytes, byte, byteEnd) >= 0) count++;
      else if (byteEnd - byte <= windowBytes) count += this.#merger.merge(bytes, byte, byteEnd);
      else count += yield* this.#countLongPiece(bytes, byte, byteEnd);
      position = end;
      byte = byteEnd;
      if (position >= stepEnd) {
        stepEnd = position + stepUnits;
        yield;
      }
    }
    return count;
  }

  #countLongPiece(bytes: Uint8Array, start: number, end: number): Generator<undefined, number> {
    const merger = this.#merger;
    const ranges: RangeMerger = {
      merge: (from, to) => {
        merger.merge(bytes, start + from, start + to);
      },
      endOf: (index) => merger.endOf(index),
      tokensOf: () => 1,
    };
    return countInWindows(end - start, ranges, windowBytes, marginBytes);
  }

  /** Every character belongs to a piece in both patterns, so one begins where the last ended. */
  #pieceEnd(text: string, start: number): number {
    try {
      return this.#match(text, start);
    } catch (error) {
      // The engine's stack for going back in a match is used up: a run of millions.
      if (!(error instanceof RangeError) || text.length - start <= cutUnits) throw error;
    }
    const paired = text.codePointAt(start + cutUnits - 1) as number;
    const cut = start + cutUnits - (paired > 0xffff ? 1 : 0);
    return start + this.#match(text.slice(start, cut), 0);
  }

  #match(text: string, start: number): number {
    this.#pattern.lastIndex = start;
    return this.#pattern.test(text) ? this.#pattern.lastIndex : start + 1;
  }
}

/** Bytes of `text[start, end)` in UTF-8, a lone surrogate being the three of U+FFFD. */
function utf8Length(text: string, start: number, end: number): number {
  let length = 0;
  for (let index = start; index < end; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (isPair(unit, index + 1 < end ? text.charCodeAt(index + 1) : 0)) {
      length += 4;
      index++;
    } else length += 3;
  }
  return length;
}

function isPair(first: number, second: number): boolean {
  return (first & 0xfc00) === 0xd800 && (second & 0xfc00) === 0xdc00;
}
