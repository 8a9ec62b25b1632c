import { createHash } from 'node:crypto';

/**
 * Material for a prompt: each text between two lines that name it, numbered from 1, and that carry a mark which occurs
 * in none of the texts, so that no text can pretend to end there.
 * @param label what each of them is, such as `candidate`
 */
export function fenced(texts: readonly string[], label: string): string {
  const mark = markFor(texts);
  return texts
    .map((text, index) => {
      const name = `${label} ${index + 1}`;
      return `--- ${name} [${mark}]\n${text}\n--- end of ${name} [${mark}]`;
    })
    .join('\n\n');
}

/** The same for the same texts, so that equal requests stay equal. */
function markFor(texts: readonly string[]): string {
  let mark = digest(texts.join('\0'));
  while (texts.some((text) => text.includes(mark))) mark = digest(mark);
  return mark;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
