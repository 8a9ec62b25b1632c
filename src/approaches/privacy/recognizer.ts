/**
 * The kinds of personal data, as their placeholders name them. `DATA` is what has no kind of its own; `TEXT` stands for
 * none: it is what only looks like one.
 */
export const dataKinds = ['KEY', 'EMAIL', 'IBAN', 'CARD', 'IP', 'PHONE', 'PERSON', 'LOCATION', 'DATA', 'TEXT'] as const;
export type DataKind = (typeof dataKinds)[number];

/** A place in a text: from the first index up to, not including, the second. */
export type Span = readonly [start: number, end: number];

/** Finds data of one kind. */
export interface Recognizer {
  readonly kind: DataKind;
  /** Spans in ascending order that don't overlap, in time proportional to the text's length. */
  find(text: string): Iterable<Span>;
}
