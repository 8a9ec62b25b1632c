import {
  COLLECTION_STYLE,
  CORE_SCHEMA,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  NOT_RESOLVED,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
  YAMLException,
} from 'js-yaml';
import type { Entry, Place, ScalarNode, TreeNode } from './tree.ts';
import { deepestYaml } from './whole-yaml.ts';

/** Thrown where a text is no plain YAML, or none at all. */
class NotPlain extends Error {}

const mostEvents = 100_000;
/**
 * What the two readers do not take in the same way: directives, the end of a document or an indented begin of one, tabs at
 * the beginning of a line, marks of the byte order, a carriage return alone.
 */
const unusual = /^(?: *(?:%|\.\.\.|\t)| +---)|\ufeff|\r(?!\n)/m;
const scalarTags = CORE_SCHEMA.tags.filter((tag) => tag.nodeKind === 'scalar').filter((tag) => tag.implicit);
/** What is no text without quotes begins with one of these. */
const special = new Set('~nNtTfF+-.0123456789');

/**
 * Reads a YAML file that holds only what nearly all of them do: mappings, lists and scalars in one document, without
 * anchors, tags, directives, block texts and keys that stand twice. It takes a tenth of the time of the whole language.
 * undefined: it is something else, or faulty; {@link readYamlTree} then says what.
 */
export function readPlainYaml(text: string): TreeNode | undefined {
  if (unusual.test(text)) return undefined;
  try {
    return new PlainReader(text).read();
  } catch (error) {
    if (error instanceof NotPlain || error instanceof YAMLException) return undefined;
    throw error;
  }
}

class PlainReader {
  readonly #text: string;
  readonly #events: readonly Event[];
  #next = 1;
  #line = 1;
  #lineStart = 0;
  #nextLineStart: number;

  constructor(text: string) {
    this.#text = text;
    this.#events = parseEvents(text, { maxDepth: deepestYaml });
    this.#nextLineStart = lineAfter(text, 0);
  }

  read(): TreeNode {
    const [document, top] = this.#events;
    if (this.#events.length > mostEvents || document?.type !== EVENT_ID.DOCUMENT) throw new NotPlain();
    if (top?.type === EVENT_ID.SCALAR) throw new NotPlain();
    const node = this.#node({ line: 1, column: 1 });
    this.#end();
    if (this.#next !== this.#events.length) throw new NotPlain(); // a second document
    return node;
  }

  /** @param fallback the place of what is empty */
  #node(fallback: Place): TreeNode {
    const event = this.#events[this.#next++];
    if (event?.type === EVENT_ID.SCALAR) return this.#scalar(event, fallback);
    if (event?.type === EVENT_ID.MAPPING) return this.#mapping(event);
    if (event?.type === EVENT_ID.SEQUENCE) return this.#list(event);
    throw new NotPlain();
  }

  #mapping(event: MappingEvent): TreeNode {
    forbidProperties(event);
    const place = this.#place(event.start);
    const entries = new Map<string, Entry>();
    const isBlock = event.style === COLLECTION_STYLE.BLOCK;
    let column = 0; // keys of a block stand below each other, which the parser does not always see to
    while (!this.#isAtEnd()) {
      const key = this.#events[this.#next++];
      if (key?.type !== EVENT_ID.SCALAR || isEmpty(key)) throw new NotPlain();
      const keyPlace = this.#scalarPlace(key);
      const name = getScalarValue(this.#text, key);
      column ||= keyPlace.column;
      if (entries.has(name) || (isBlock && keyPlace.column !== column)) throw new NotPlain();
      entries.set(name, { keyPlace, node: this.#node(keyPlace) });
    }
    this.#end();
    return { kind: 'mapping', place, entries };
  }

  #list(event: SequenceEvent): TreeNode {
    forbidProperties(event);
    const place = this.#place(event.start);
    const items: TreeNode[] = [];
    while (!this.#isAtEnd()) items.push(this.#node(place));
    this.#end();
    return { kind: 'list', place, items };
  }

  #scalar(event: ScalarEvent, fallback: Place): ScalarNode {
    if (isEmpty(event)) {
      forbidProperties(event);
      return { kind: 'scalar', place: fallback, value: null };
    }
    const place = this.#scalarPlace(event);
    const source = getScalarValue(this.#text, event);
    if (event.style !== SCALAR_STYLE.PLAIN || !special.has(source.charAt(0))) {
      return { kind: 'scalar', place, value: source };
    }
    const value = resolve(source);
    return typeof value === 'number' ? { kind: 'scalar', place, value, source } : { kind: 'scalar', place, value };
  }

  /** Where a key or a value begins, with its quote. */
  #scalarPlace(event: ScalarEvent): Place {
    forbidProperties(event);
    const { style, valueStart } = event;
    if (style === SCALAR_STYLE.PLAIN) return this.#place(valueStart);
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED)
      return this.#place(valueStart - 1);
    throw new NotPlain();
  }

  /** @param at no smaller than before, as events come in the order of the text */
  #place(at: number): Place {
    while (at >= this.#nextLineStart) {
      this.#line++;
      this.#lineStart = this.#nextLineStart;
      this.#nextLineStart = lineAfter(this.#text, this.#lineStart);
    }
    return { line: this.#line, column: at - this.#lineStart + 1 };
  }

  #isAtEnd(): boolean {
    return this.#events[this.#next]?.type === EVENT_ID.POP;
  }

  #end(): void {
    if (this.#events[this.#next++]?.type !== EVENT_ID.POP) throw new NotPlain();
  }
}

function forbidProperties({ anchorStart, tagStart }: ScalarEvent | MappingEvent | SequenceEvent): void {
  if (anchorStart >= 0 || tagStart >= 0) throw new NotPlain();
}

function isEmpty({ style, valueStart, valueEnd }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.PLAIN && valueStart >= valueEnd;
}

/** What a text without quotes stands for, by the core schema of YAML 1.2 (section 10.3.2). */
function resolve(source: string): unknown {
  for (const tag of scalarTags) {
    const value = tag.resolve(source, false, tag.tagName);
    if (value !== NOT_RESOLVED) return value;
  }
  if (Math.abs(Number(source)) === Number.POSITIVE_INFINITY) throw new NotPlain(); // a number too large to be one
  return source;
}

function lineAfter(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? Number.POSITIVE_INFINITY : end + 1;
}
