/** A long text, and what is asked about it. */
export interface LongQuestion {
  /** `''`: there is nothing but the question. */
  readonly context: string;
  readonly question: string;
}

/**
 * The last paragraph of a text is the question, and all before it the context.
 * @param original the text's beginning before anything was added to it: the question is its last paragraph then, and
 *   what was added belongs to the context
 */
export function splitQuestion(text: string, original: string): LongQuestion {
  const isPart = original !== '' && text.startsWith(original);
  const own = (isPart ? original : text).trim();
  const added = isPart ? text.slice(original.length).trim() : '';
  const gap = [...own.matchAll(/\n[^\S\n]*\n\s*/g)].at(-1);
  const question = gap === undefined ? own : own.slice(gap.index + gap[0].length);
  const before = gap === undefined ? '' : own.slice(0, gap.index);
  return { context: [before, added].filter(Boolean).join('\n\n'), question };
}

/**
 * Cuts a text into pieces of at most so many tokens, between paragraphs where it can be, else between lines or words,
 * else anywhere. Joined they are the text.
 * @param tokensOf how many tokens each text has, in order
 */
export async function chunksOf(
  text: string,
  limit: number,
  tokensOf: (texts: readonly string[]) => Promise<readonly number[]>,
): Promise<string[]> {
  const pieces = await piecesOf(text, limit, tokensOf, 0);
  const chunks: string[] = [];
  let room = 0;
  for (const { text: piece, tokens } of pieces) {
    if (chunks.length > 0 && tokens <= room) chunks.push(chunks.pop() + piece);
    else {
      chunks.push(piece);
      room = limit;
    }
    room -= tokens;
  }
  return chunks;
}

/** The most pieces that {@link chunksOf} makes of so many tokens: of two neighbours one is more than half full. */
export function mostChunks(tokens: number, limit: number): number {
  return Math.floor((2 * tokens) / limit) + 1;
}

interface Piece {
  readonly text: string;
  readonly tokens: number;
}

/** Each finer than the one before. */
const seams = [/(?<=\n[^\S\n]*\n)(?=\S)/, /(?<=\n)/, /(?<=\s)(?=\S)/];

async function piecesOf(
  text: string,
  limit: number,
  tokensOf: (texts: readonly string[]) => Promise<readonly number[]>,
  level: number,
): Promise<Piece[]> {
  const seam = seams[level];
  const texts = (seam === undefined ? halves(text) : text.split(seam)).filter((one) => one !== '');
  const counts = await tokensOf(texts);
  const pieces: Piece[] = [];
  for (const [index, one] of texts.entries()) {
    const tokens = counts[index] as number;
    if (tokens <= limit || one.length === 1) pieces.push({ text: one, tokens });
    else pieces.push(...(await piecesOf(one, limit, tokensOf, level + 1)));
  }
  return pieces;
}

/** Never within a character. */
function halves(text: string): string[] {
  const middle = text.length >> 1;
  const isWithin = /[\uDC00-\uDFFF]/.test(text.charAt(middle)) && text.length > 2;
  const at = isWithin ? middle + 1 : middle;
  return [text.slice(0, at), text.slice(at)];
}
