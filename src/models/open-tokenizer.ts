import { readFile } from 'node:fs/promises';
import { countInWindows, type RangeMerger } from './merge-windows.ts';
import type { Tokenizer } from './tokenizer.ts';
import {
  type BytePairModel,
  importTokenizersLibrary,
  type LibraryModel,
  type LibraryTokenizer,
  type TokenizersLibrary,
  type UnigramModel,
} from './tokenizers-library.ts';

/** Code units merged at a time. */
const windowUnits = 2048;
const marginUnits = 512;
/** Code units after which a step ends. */
const stepUnits = 4096;
const wordStart = '\u2581';

/**
 * Loads the `tokenizer.json` of an open model, parsed in one go.
 * @throws Error that names the file and says what to do
 */
export async function loadOpenTokenizer(path: string): Promise<Tokenizer> {
  const library = await importTokenizersLibrary(path);
  try {
    const file = JSON.parse(await readFile(path, 'utf8'));
    // A special token's literal in a prompt is text; other added tokens are ordinary vocabulary and stay.
    const added = (file.added_tokens ?? []).filter((token: { special?: boolean }) => token.special !== true);
    return new OpenTokenizer(library, new library.Tokenizer({ ...file, added_tokens: added }, {}));
  } catch (error) {
    throw new Error(`The tokenizer ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A `tokenizer.json` without its special tokens. The library normalises and splits the text in one go (half a second
 * for 1 MB), then the pieces are cut into tokens step by step. Long pieces of byte-pair models are merged in windows,
 * with the same result.
 *
 * Not proven exact: a word of more than 2,048 characters in a Unigram model, which is cut in windows too. Not exact: its
 * unknown characters, which count each; and a special token's literal that the vocabulary has as an ordinary piece.
 */
class OpenTokenizer implements Tokenizer {
  readonly #library: LibraryTokenizer;
  readonly #model: LibraryModel;
  readonly #bpe: BytePairModel | undefined;
  readonly #unigram: UnigramModel | undefined;
  readonly #isSplitAtWords: boolean;
  /** Where the library's model step leaves its pieces. */
  #pieces: string[] = [];

  constructor(module: TokenizersLibrary, library: LibraryTokenizer) {
    const model = library.model as LibraryModel;
    this.#library = library;
    this.#model = model;
    this.#bpe = model instanceof module.BPE ? model : undefined;
    this.#unigram = model instanceof module.Unigram ? model : undefined;
    this.#isSplitAtWords = library.pre_tokenizer instanceof module.MetaspacePreTokenizer;
    library.post_processor = null;
    // In the model's place stands what only gathers the pieces that the model would get, so that it can be asked later.
    library.model = (pieces) => {
      for (const piece of pieces) this.#pieces.push(piece);
      return [];
    };
  }

  *count(text: string): Generator<undefined, number> {
    this.#pieces = [];
    // What comes back are the added tokens, which are no pieces for the model.
    let count = this.#library.tokenize(text.toWellFormed(), { add_special_tokens: false }).length;
    const pieces = this.#pieces;
    this.#pieces = [];
    yield;
    let units = 0;
    for (const piece of pieces) {
      count += yield* this.#countPiece(piece);
      units += piece.length + 1;
      if (units >= stepUnits) {
        units = 0;
        yield;
      }
    }
    return count;
  }

  *#countPiece(piece: string): Generator<undefined, number> {
    if (this.#unigram === undefined || !this.#isSplitAtWords) return yield* this.#countWord(piece);
    let count = 0;
    let units = 0;
    for (const word of wordsOf(piece)) {
      count += yield* this.#countWord(word);
      units += word.length;
      if (units < stepUnits) continue;
      units = 0;
      yield;
    }
    return count;
  }

  *#countWord(word: string): Generator<undefined, number> {
    const merger = word.length > windowUnits ? this.#merger(word) : undefined;
    if (merger === undefined) return this.#model._call([word]).length;
    return yield* countInWindows(word.length, merger, windowUnits, marginUnits);
  }

  #merger(word: string): RangeMerger | undefined {
    const bpe = this.#bpe;
    const unigram = this.#unigram;
    if (unigram !== undefined)
      return new StringMerger(
        word,
        (range) => unigram.tokenize(range),
        () => 1,
      );
    if (bpe === undefined || !canBeMergedInWindows(bpe)) return undefined;
    return new StringMerger(
      word,
      (range) => bpe.bpe(range),
      (part) => bpe._call([part]).length,
    );
  }
}

/** The library hands a Unigram model the whole text as one piece; its words are independent of each other. */
function* wordsOf(piece: string): Generator<string> {
  for (let start = 0; start < piece.length; ) {
    const next = piece.indexOf(wordStart, start + 1);
    const end = next < 0 ? piece.length : next;
    yield piece.slice(start, end);
    start = end;
  }
}

/** Suffixes make a part depend on where it stands, and fused unknowns on what stands beside it. */
function canBeMergedInWindows(bpe: BytePairModel): boolean {
  return !bpe.end_of_word_suffix && !bpe.continuing_subword_suffix && (!bpe.fuse_unk || bpe.byte_fallback);
}

class StringMerger implements RangeMerger {
  readonly #word: string;
  readonly #split: (range: string) => string[];
  readonly #count: (part: string) => number;
  /** The parts of the last range, by where they begin. */
  readonly #parts = new Map<number, string>();

  constructor(word: string, split: (range: string) => string[], count: (part: string) => number) {
    this.#word = word;
    this.#split = split;
    this.#count = count;
  }

  merge(start: number, end: number): void {
    this.#parts.clear();
    let index = 0;
    for (const part of this.#split(this.#word.slice(start, end))) {
      this.#parts.set(index, part);
      index += part.length;
    }
  }

  endOf(index: number): number {
    return index + this.#part(index).length;
  }

  tokensOf(index: number): number {
    return this.#count(this.#part(index));
  }

  #part(index: number): string {
    return this.#parts.get(index) as string;
  }
}
