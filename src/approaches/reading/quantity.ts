/** A number in prose, with what it is out of, such as `7`, `7/10`, `7 out of 10`, `70%`. */
export interface Quantity {
  readonly value: number;
  /** 10 of `7/10`, 100 of `70%`. */
  readonly outOf: number | undefined;
}

const number = String.raw`([-−+]?(?:\d{1,15}(?:\.\d{1,20})?|\.\d{1,20})(?:e[-+]?\d{1,3})?)`;
const close = '[*_"\'`“”’)\\]}]{0,4}';
const outOf = String.raw`(?:\s{0,3}(?:/|out\s{1,3}of|of)\s{0,3}${'[*_`]{0,3}'}(\d{1,6}(?:\.\d{1,6})?)|\s?(%))`;
/** Not within a longer number, a word, a range such as `7-8`, or a date. */
const end = String.raw`(?![\p{L}\p{N}]|[.,]\d|\s{0,3}/\s{0,3}\d|[-–]\d|\s{0,3}–\s{0,3}\d|\s{1,3}to\s{1,3}\d|\s?%)`;
const quantity = new RegExp(`${number}${close}${outOf}?${end}`, 'iuy');

/** The quantity that begins at `start`; undefined where none does or where it is part of something longer. */
export function quantityAt(text: string, start: number): (Quantity & { readonly end: number }) | undefined {
  quantity.lastIndex = start;
  const match = quantity.exec(text);
  if (!match) return undefined;
  const [, value = '', parts, percent] = match;
  const whole = percent ? 100 : parts === undefined ? undefined : Number(parts);
  return { value: Number(value.replace('−', '-')), outOf: whole, end: quantity.lastIndex };
}
