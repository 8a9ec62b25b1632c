/**
 * The parts of `@huggingface/tokenizers` that are used, in our own words: its published types cannot be resolved by
 * Node's rules for modules.
 */
export interface TokenizersLibrary {
  readonly Tokenizer: new (tokenizer: object, config: object) => LibraryTokenizer;
  readonly BPE: new (config: object) => BytePairModel;
  readonly Unigram: new (config: object) => UnigramModel;
  readonly MetaspacePreTokenizer: new (config: object) => object;
}

export interface LibraryTokenizer {
  tokenize(text: string, options: { readonly add_special_tokens: boolean }): string[];
  readonly pre_tokenizer: object | null;
  model: LibraryModel | ((pieces: string[]) => string[]);
  post_processor: object | null;
}

export interface LibraryModel {
  /** The tokens of these pieces. */
  _call(pieces: string[]): string[];
}

export interface BytePairModel extends LibraryModel {
  /** The parts that one piece is merged to, in vocabulary or not. */
  bpe(piece: string): string[];
  readonly end_of_word_suffix?: string;
  readonly continuing_subword_suffix: string | null;
  readonly fuse_unk: boolean;
  readonly byte_fallback: boolean;
}

export interface UnigramModel extends LibraryModel {
  /** The parts of one piece, each unknown character by itself. */
  tokenize(piece: string): string[];
}

/** @throws Error that says what to install; `path` is the tokenizer that needs the package */
export async function importTokenizersLibrary(path: string): Promise<TokenizersLibrary> {
  try {
    return (await import('@huggingface/tokenizers')) as unknown as TokenizersLibrary;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const remedy = 'Run `npm install @huggingface/tokenizers`, or name `o200k_base` or `cl100k_base` instead.';
    throw new Error(`The tokenizer ${path} needs the package @huggingface/tokenizers. ${remedy}`, { cause: error });
  }
}
