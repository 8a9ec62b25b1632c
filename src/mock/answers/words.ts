/** The text in pieces of one word each with the white space before it; together they are the text. */
export function wordPieces(text: string): string[] {
  return text.match(/\s*\S+|\s+/g) ?? [];
}

/** The number of words between white space: what the mock server calls tokens. */
export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** The first `limit` words, with the white space before each of them. */
export function firstWords(text: string, limit: number): string {
  return wordPieces(text).slice(0, limit).join('');
}
