import type { Recognizer } from './recognizer.ts';

const gap = '[ .\\/\\u00a0-]';

/** With the prefix of a country: `+49 (0)151 123-4567`, `+33 6 12 34 56 78`, `0049 151 1234567`. */
const international = `[1-9]\\d{0,14}(?:${gap}?\\(\\d{1,4}\\)\\d{0,12})?(?:${gap}{1,2}\\d{1,14}){0,8}`;

/** As in North America: `(212) 555-0123`, `212-555-0123`, `1.212.555.0123`. */
const american = '(?:1[ .-])?(?:\\([2-9]\\d\\d\\) ?|[2-9]\\d\\d[ .-])\\d{3}[ .-]\\d{4}';

/** With the prefix of a trunk line: `030 1234567`, `(0171) 123 45 67`, `06 12 34 56 78`, `01711234567`. */
const national = `(?:(?:\\(0\\d{1,4}\\)|0[1-9]\\d{0,3})(?:${gap}{1,2}\\d{2,8}){1,4}|0[1-9]\\d{8,10})`;

/** Each part has bounded repetitions with a separator between them, so one start costs little, however it ends. */
const pattern = new RegExp(
  `(?:(?<![\\w+])\\+(?=[1-9])|(?<![\\w+.,/-])(?:00(?=[1-9])|(?=[(\\d])))` +
    `(?:(?<=\\+|(?<!\\d)00)(?<abroad>${international})|(?<!\\+)(?:${american}|${national}))(?!\\w)`,
  'g',
);

/** A date with a year of four digits has the form of a national number. */
const date = /^0\d([./-])\d\d\1(?:19|20)\d\d(?!\d)/;

/** Numbers of telephones that are written as such: with a prefix, or in the groups of a national form. */
export const phones: Recognizer = {
  kind: 'PHONE',
  *find(text) {
    let from = 0;
    for (;;) {
      pattern.lastIndex = from;
      const match = pattern.exec(text);
      if (!match) return;
      const number = withinLength(match[0]);
      const least = match.groups?.abroad === undefined ? 9 : 8;
      // What is no number, and what was cut off from one, may be the beginning of another.
      from = match.index + 1;
      if (number.replace(/\D/g, '').length < least || date.test(number)) continue;
      from = match.index + number.length;
      yield [match.index, from];
    }
  },
};

/** Without the last groups, where they make it longer than any number is: they belong to what follows. */
function withinLength(number: string): string {
  let cut = number;
  const longest = cut.startsWith('00') ? 17 : 15;
  while (cut.replace(/\D/g, '').length > longest) {
    const shorter = cut.replace(/[^\d]+\d+$/, '');
    if (shorter === cut) return '';
    cut = shorter;
  }
  return cut;
}
