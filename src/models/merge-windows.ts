/** Merges ranges of one piece of text. */
export interface RangeMerger {
  /** Merges `[start, end)` of the piece as if it stood alone. */
  merge(start: number, end: number): void;
  /** After `merge`: where the part that begins at `index` ends, both counted from the merge's start. */
  endOf(index: number): number;
  /** After `merge`: the tokens of the part that begins at `index`; 1 unless its text is in no vocabulary. */
  tokensOf(index: number): number;
}

/**
 * Counts the tokens of a long piece window by window, in time linear in its length and with the memory of one
 * window; yields after each.
 *
 * It is exact. Where pairs are merged by (rank, place), a sequence of parts is the result for its text precisely when
 * each two neighbours are the result for theirs. A window's parts are kept up to a cut well before its end, where the
 * next window begins. If that one's first part is the very part that the window before had there, then each two
 * neighbours have stood in one window. If it is not, everything is done again with larger windows.
 *
 * @param window more than twice `margin`
 * @param margin how far before a window's end the cut is, longer than a token
 */
export function* countInWindows(
  length: number,
  merger: RangeMerger,
  window: number,
  margin: number,
): Generator<undefined, number> {
  let count = 0;
  let start = 0;
  /** The end of the part that the window before had at `start`. */
  let expected: number | undefined;
  for (let size = window; ; ) {
    const end = Math.min(start + size, length);
    merger.merge(start, end);
    const agrees = expected === undefined || start + merger.endOf(0) === expected;
    const cut = takeParts(merger, end === length ? end - start : end - start - margin);
    if (agrees && end === length) return count + cut.tokens;
    if (agrees && cut.index > 0) {
      count += cut.tokens;
      expected = start + merger.endOf(cut.index);
      start += cut.index;
    } else {
      count = 0;
      start = 0;
      expected = undefined;
      size *= 2;
    }
    yield;
  }
}

/** The last boundary that is not after `latest`, and the tokens before it. */
function takeParts(merger: RangeMerger, latest: number): { readonly index: number; readonly tokens: number } {
  let index = 0;
  let tokens = 0;
  while (index < latest) {
    const end = merger.endOf(index);
    if (end > latest) break;
    tokens += merger.tokensOf(index);
    index = end;
  }
  return { index, tokens };
}
