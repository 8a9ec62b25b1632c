/** Longer ones are passed over. */
const maximumLength = 2048;

const pattern = /(?<![\w+.-])https?:\/\/[^\s\p{Cc}<>"`\\“”„«»。，、；！？）】」』]+/giu;

/**
 * The http and https URLs that stand in a text, in order, each once, as they are written there. Left off are
 * punctuation at the end and what follows a bracket that was not opened inside the URL, as in `(see https://x.org/a_(b)).`
 * @param maximum how many at most
 */
export function findUrls(text: string, maximum = 20): string[] {
  const found = new Map<string, string>();
  for (const match of text.matchAll(pattern)) {
    if (found.size >= maximum) break;
    if (match[0].length > maximumLength) continue;
    const written = withoutPunctuation(balancedPart(match[0]));
    if (!URL.canParse(written)) continue;
    const url = new URL(written);
    url.hash = '';
    if (!found.has(url.href)) found.set(url.href, written);
  }
  return [...found.values()];
}

const closers = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

/** Up to the first bracket that closes what was not opened. */
function balancedPart(url: string): string {
  const open: string[] = [];
  for (let index = 0; index < url.length; index += 1) {
    const character = url.charAt(index);
    const opener = closers.get(character);
    if (opener && open.pop() !== opener) return url.slice(0, index);
    if ('([{'.includes(character)) open.push(character);
  }
  return url;
}

function withoutPunctuation(url: string): string {
  let end = url.length;
  while (end > 0 && ".,;:!?'*~|…’([{".includes(url.charAt(end - 1))) end -= 1;
  return url.slice(0, end);
}
