import { readJson } from './reading/read-json.ts';

const marked = /^\s{0,20}(?:[-*•+]|\d{1,3}[.):])\s{1,20}(?=\S)/;

/**
 * The points of a reply: the texts of a JSON array, else the items of a numbered or bulleted list with the lines that
 * belong to them; the whole text where it is no list.
 */
export function readList(text: string): string[] {
  const value = readJson(text);
  if (Array.isArray(value)) {
    const texts = value.filter((one): one is string => typeof one === 'string' && one.trim() !== '');
    if (texts.length > 0 && texts.length === value.length) return texts.map((one) => one.trim());
  }
  const items: string[] = [];
  for (const line of text.split('\n')) {
    const mark = marked.exec(line)?.[0];
    if (mark !== undefined) items.push(line.slice(mark.length).trim());
    else if (items.length > 0 && line.trim() !== '') items.push(`${items.pop()}\n${line.trim()}`);
  }
  return items.length > 0 ? items : [text.trim()];
}
