const quotes = '"\'`“”‘’„‚«»';
const outer = `${quotes}$*`;
const final = '.,;:!?…。、';

function isSpace(character: string): boolean {
  return character.trim() === '';
}

/**
 * The text without what stands around it: white space, quotes, `$`, `*`, final punctuation, `_` on both sides,
 * and `\(...\)` or `\[...\]`. Linear in the length of the text.
 */
export function stripOuter(text: string): string {
  let left = 0;
  let right = text.length;
  const isOuter = (index: number) => outer.includes(text.charAt(index)) || isSpace(text.charAt(index));
  for (;;) {
    while (left < right && isOuter(left)) left++;
    while (left < right && (isOuter(right - 1) || final.includes(text.charAt(right - 1)))) right--;
    const width = pairWidth(text, left, right);
    if (width === 0) return text.slice(left, right);
    left += width;
    right -= width;
  }
}

/** How many characters on each side are a pair of emphasis or of formula brackets. */
function pairWidth(text: string, left: number, right: number): 0 | 1 | 2 {
  if (right - left >= 2 && text[left] === '_' && text[right - 1] === '_') return 1;
  if (right - left < 4 || text[left] !== '\\' || text[right - 2] !== '\\') return 0;
  const brackets = `${text[left + 1]}${text[right - 1]}`;
  return brackets === '()' || brackets === '[]' ? 2 : 0;
}
