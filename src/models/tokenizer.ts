/** How the texts of a model are cut into tokens. Lives in the worker only. */
export interface Tokenizer {
  /**
   * Counts the tokens of a text by itself, as steps of a millisecond or so: each `next()` does one, the last gives the
   * count. Special tokens' literals are text, a lone surrogate is U+FFFD. Several counts may be under way at once.
   */
  count(text: string): Generator<undefined, number>;
}

/** Runs all steps at once. */
export function runSteps<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
