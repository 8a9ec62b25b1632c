import type { Page } from './page.ts';

/** A page as a model is shown it. */
export interface ShownPage {
  readonly url: string;
  readonly title: string;
  readonly text: string;
  /** Only its beginning is shown. */
  readonly isCut: boolean;
}

/** Short pages are shown whole, and long ones share what these leave of so many characters. */
export function shownPages(pages: readonly Page[], limit: number): ShownPage[] {
  const lengths = new Map<Page, number>();
  let left = limit;
  const byLength = pages.toSorted((one, two) => one.text.length - two.text.length);
  for (const [index, page] of byLength.entries()) {
    const share = Math.floor(left / (byLength.length - index));
    const length = Math.min(page.text.length, share);
    lengths.set(page, length);
    left -= length;
  }
  return pages.map((page) => {
    const text = wholeCharacters(page.text.slice(0, lengths.get(page)));
    return { url: page.url, title: page.title, text, isCut: page.truncated || text.length < page.text.length };
  });
}

/** Without the first half of a character whose second half was cut off. */
export function wholeCharacters(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}
