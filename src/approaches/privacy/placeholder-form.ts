import { dataKinds } from './recognizer.ts';

const anyKind = dataKinds.join('|');
const name = `(?:${anyKind})_[1-9]\\d{0,8}`;

/** Every beginning of a kind, the empty one too. */
const kindBeginnings = [...new Set(dataKinds.flatMap((kind) => [...kind].map((_, end) => kind.slice(0, end))))].join(
  '|',
);

/** The beginnings of an escaped bracket in JSON, but for its last character. */
const escapeBeginning = '\\\\(?:u(?:0(?:03?)?)?)?';

/** How a placeholder is written: the pattern's first group is its name, such as `EMAIL_1`. */
export const placeholderForm = new RegExp(`<(${name})>`, 'g');

/** How placeholders look in one kind of text. All patterns are sticky or anchored. */
export interface Notation {
  /** Where a placeholder, or a character that hides one, may begin. */
  readonly opening: RegExp;
  readonly whole: RegExp;
  /** A text that more characters can complete to a placeholder. */
  readonly beginning: RegExp;
  /** How a value is written. */
  readonly write: (value: string) => string;
}

const plain: Notation = {
  opening: /</g,
  whole: new RegExp(`<(${name})>`, 'y'),
  beginning: new RegExp(`^<(?:${kindBeginnings}|(?:${anyKind})(?:_(?:[1-9]\\d{0,8})?)?)$`),
  write: (value) => value,
};

/** Inside of JSON: brackets may be escaped, and the value must be. */
const json: Notation = {
  opening: /[<\\]/g,
  whole: new RegExp(`(?:<|\\\\u003[cC])(${name})(?:>|\\\\u003[eE])`, 'y'),
  beginning: new RegExp(
    `^(?:${escapeBeginning}|(?:<|\\\\u003[cC])(?:${kindBeginnings}|` +
      `(?:${anyKind})(?:_(?:[1-9]\\d{0,8}(?:${escapeBeginning})?)?)?))$`,
  ),
  write: (value) => JSON.stringify(value).slice(1, -1),
};

export const notations = { text: plain, json } as const;

/** `text`: values are put back as they are; `json`: as the inside of a JSON string. */
export type NotationName = keyof typeof notations;

/** No placeholder is longer in any notation. */
export const longestPlaceholder = 6 + Math.max(...dataKinds.map((kind) => kind.length)) + 1 + 9 + 6;
