import { lastJsonField } from '../reading/read-json.ts';
import { wholeCharacters } from '../web/shown-pages.ts';

/** What all providers take: Brave and Tavily refuse longer ones. */
const mostCharacters = 400;
const mostWords = 50;

/** A text as a query: on one line, cut off between words where it is too long for a search. */
export function cleanQuery(text: string): string {
  const words = text.trim().split(/\s+/, mostWords);
  const [first = ''] = words;
  let query = wholeCharacters(first.slice(0, mostCharacters));
  for (const word of words.slice(1)) {
    if (query.length + 1 + word.length > mostCharacters) break;
    query += ` ${word}`;
  }
  return query;
}

/** The query in a model's reply: JSON `{"query": ...}`, else its last line, without what is put around queries. */
export function readQuery(reply: string): string {
  const field = lastJsonField(reply, ['query']);
  if (typeof field === 'string') return cleanQuery(field);
  const lines = reply.split('\n').filter((line) => !/^\s*(?:```.*)?$/.test(line));
  return bareQuery(lines.at(-1) ?? '');
}

/** Without a mark of a list, a label and quotes around it. */
export function bareQuery(line: string): string {
  const bare = line
    .replace(/^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?(?:\**(?:search\s+)?query\s*\d{0,2}\**\s*:\**\s*)?/i, '')
    .trim();
  const quoted = /^(["'`“„«*]{1,3})(.*?)(["'`”“»*]{1,3})$/su.exec(bare);
  const inside = quoted?.[2] ?? '';
  // "one" or "two" keeps its quotes, which mean something to a search.
  return cleanQuery(inside !== '' && !/["“”„«»]/.test(inside) ? inside : bare);
}
