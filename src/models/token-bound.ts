import { encodingNames } from './byte-pair-ranks.ts';
import { imageTokens } from './image-tokens.ts';

/**
 * The end of each image part's `type`, unless that is written with escapes. Other values may end so too, which only
 * raises the bound. They begin with a byte that is rare in prose, since a native search stops at each.
 */
const typeEnds = [Buffer.from('mage"'), Buffer.from('_url"')];
/** Escapes of letters and of `_`, which could spell such a type: \u0061 to \u007a, \u005f. */
const letterEscapes = ['\\u006', '\\u007', '\\u005f', '\\u005F'].map((text) => Buffer.from(text));
const colon = 0x3a;
const backslash = 0x5c;

/**
 * A number of tokens that the body is proven not to exceed: a token is at least one byte, and an image counts as
 * {@link imageTokens} whatever its bytes. Some searches in the bytes, nothing is parsed.
 *
 * @param body a valid JSON body of a chat, completions or embeddings request
 * @param tokenizer the model's; a `tokenizer.json` may add tokens or lengthen the text, so nothing is proven for it
 * @returns undefined where no bound can be proven without reading the body
 */
export function tokenBound(body: Buffer, tokenizer = 'o200k_base'): number | undefined {
  if (!encodingNames.some((name) => name === tokenizer)) return undefined;
  if (letterEscapes.some((letter) => isEscaped(body, letter))) return undefined;
  let images = 0;
  for (const end of typeEnds) images += countValues(body, end);
  return body.length + images * imageTokens.high;
}

/** Whether this escape stands in the body, not only a backslash that is escaped itself and the text after it. */
function isEscaped(body: Buffer, letter: Buffer): boolean {
  for (let at = body.indexOf(letter); at >= 0; at = body.indexOf(letter, at + letter.length)) {
    let first = at;
    while (body[first - 1] === backslash) first--;
    if ((at - first) % 2 === 0) return true;
  }
  return false;
}

/** How many strings end with these bytes and are values: the name of a member is followed by a colon. */
function countValues(body: Buffer, end: Buffer): number {
  let values = 0;
  for (let at = body.indexOf(end); at >= 0; at = body.indexOf(end, at + end.length)) {
    let next = at + end.length;
    while (isWhitespace(body[next])) next++;
    if (body[next] !== colon) values++;
  }
  return values;
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
