import type { TextFilter } from '../outcome.ts';
import { wholeCharacters } from '../web/shown-pages.ts';

/** A page that was fetched, as it is named to the reader of a report. */
export interface Source {
  readonly url: string;
  /** `''` where it has none. */
  readonly title: string;
}

/** The list behind a report: numbered from 1, as the model saw the sources. */
export function sourceList(sources: readonly Source[]): string {
  if (sources.length === 0) return '';
  const lines = sources.map(
    ({ url, title }, index) => `${index + 1}. ${title === '' ? '' : `${oneLine(title)}: `}${url}`,
  );
  return `\n\nSources:\n${lines.join('\n')}`;
}

function oneLine(title: string): string {
  return wholeCharacters(title.replace(/\s+/g, ' ').trim().slice(0, 200));
}

const heading = /^[\s#*_]*(?:list of |cited )?(?:sources|references|bibliography|works cited|citations)[\s:*_]*$/i;
const entry = /^\s*(?:$|[-*•+]\s|\[?\d{1,3}[\].):\s]|https?:\/\/)/;
/** An entry that is nothing but a source. */
const citation = /https?:\/\/|^\s*(?:$|\[\d{1,3}\])/;
/** No heading of a list is longer. */
const longestHeading = 60;

/**
 * Puts the list of what was really fetched behind a text that comes in pieces, in place of a list that the model wrote
 * at its end. Only what may be the beginning of such a list is held back.
 */
export class SourceListFilter implements TextFilter {
  readonly #list: string;
  /** The beginning of a line that may still become a heading. */
  #line = '';
  /** Whether the rest of the line that is coming goes on as it is. */
  #isPassing = false;
  /** White space that is given out if text follows it. */
  #space = '';
  /** A heading and the entries below it, which are left out if nothing else follows. */
  #held: string | undefined;

  constructor(sources: readonly Source[]) {
    this.#list = sourceList(sources);
  }

  push(text: string): string {
    let given = '';
    for (const part of text.split(/(?<=\n)/)) given += this.#take(part);
    return given;
  }

  end(): string {
    const rest = this.#line === '' ? '' : this.#endLine(this.#line);
    return rest + this.#list;
  }

  /** @param part of one line, with its line feed if it ends there */
  #take(part: string): string {
    const isEnd = part.endsWith('\n');
    if (this.#isPassing) {
      this.#isPassing = !isEnd;
      return this.#spaced(part);
    }
    this.#line += part;
    if (!isEnd && (this.#held !== undefined || this.#line.length <= longestHeading)) return '';
    const line = this.#line;
    this.#line = '';
    if (isEnd) return this.#endLine(line);
    this.#isPassing = true;
    return this.#spaced(line);
  }

  /** A line whose whole text is there. */
  #endLine(line: string): string {
    this.#line = '';
    if (this.#held !== undefined && entry.test(line)) {
      this.#held += line;
      return '';
    }
    const before = this.#release();
    if (!heading.test(line)) return before + this.#spaced(line);
    this.#held = this.#space + line;
    this.#space = '';
    return before;
  }

  /** Text follows what was held back, which stays if it was no list of sources after all. */
  #release(): string {
    const held = this.#held;
    if (held === undefined) return '';
    this.#held = undefined;
    const lines = held.trim().split('\n').slice(1);
    if (lines.length === 0 || !lines.every((line) => citation.test(line))) return this.#spaced(held);
    this.#space = '\n\n';
    return '';
  }

  #spaced(text: string): string {
    const solid = text.trimEnd();
    if (solid === '') {
      this.#space += text;
      return '';
    }
    const given = this.#space + solid;
    this.#space = text.slice(solid.length);
    return given;
  }
}
