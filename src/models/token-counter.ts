/** Counts tokens away from the event loop. Implementations: `worker-token-counter.ts`. */
export interface TokenCounter {
  /**
   * The exact count of what the model reads of this request body.
   * @param kind which endpoint the body is for
   * @param body the whole JSON body, valid UTF-8, an object at the top
   * @param tokenizer `o200k_base`, `cl100k_base`, or the absolute path of a `tokenizer.json`
   */
  measure(kind: PromptKind, body: Uint8Array, tokenizer: string, signal?: AbortSignal): Promise<PromptTokens>;

  /** T of each text, in order, each by itself. */
  count(texts: readonly string[], tokenizer: string, signal?: AbortSignal): Promise<number[]>;

  close(): Promise<void>;
}

export type PromptKind = 'chat' | 'completions' | 'embeddings';

export interface PromptTokens {
  /** The sum, what a rate of tokens is charged. */
  readonly total: number;
  /** The largest entry that must fit a window by itself; equals `total` for chat. */
  readonly largest: number;
  /** Kinds of parts that are not counted, such as `input_audio` and `file`. */
  readonly uncounted: readonly string[];
}
