import type { Recognizer } from './recognizer.ts';

const letter = '\\p{L}\\p{M}\\p{N}';

/** A word begins once, and each of its parts has a length that the standards bound, so hostile text costs little. */
const pattern = new RegExp(
  `(?<![${letter}_%+])[${letter}_%+][${letter}._%+'-]{0,63}@` +
    `(?:[${letter}](?:[${letter}-]{0,61}[${letter}])?\\.){1,8}(?:xn--[a-z0-9-]{2,40}|[\\p{L}\\p{M}]{2,24})`,
  'gu',
);

/** Addresses of e-mail, also with letters of any script. */
export const emails: Recognizer = {
  kind: 'EMAIL',
  *find(text) {
    if (!text.includes('@')) return;
    for (const match of text.matchAll(pattern)) yield [match.index, match.index + match[0].length];
  },
};
