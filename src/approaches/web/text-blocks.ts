/** One paragraph, heading, list entry, row of a table or piece of code, and where it stood. */
export interface TextBlock {
  readonly text: string;
  /** Follows the block before it without an empty line: entries of a list, rows of a table. */
  readonly tight: boolean;
  readonly place: BlockPlace;
}

export interface BlockPlace {
  readonly main: boolean;
  readonly article: boolean;
  readonly form: boolean;
  readonly frame: boolean;
}

/** Deeper lists are not moved further to the right. */
const deepestIndent = 6;

/** Stands for a line end that the page asks for, until white space is squeezed. */
const lineEnd = '\u0001';

type Shape = 'paragraph' | 'entry' | 'row';

/** Puts runs of text together to blocks in a plain form of Markdown. */
export class TextBlocks {
  readonly blocks: TextBlock[] = [];
  readonly #place: () => BlockPlace;
  #inline: string[] = [];
  #cells: string[] | undefined;
  #headingLevel = 0;
  #marker: string | undefined;
  /** The lists that are open; the number of the last entry of an ordered one, else undefined. */
  readonly #lists: { number: number | undefined }[] = [];
  #lastShape: Shape = 'paragraph';

  /** @param place asked for at the end of each block */
  constructor(place: () => BlockPlace) {
    this.#place = place;
  }

  text(run: string): void {
    this.#inline.push(run);
  }

  /** A line end within flowing text. */
  lineEnd(): void {
    this.#inline.push(this.#cells || this.#headingLevel > 0 ? ' ' : lineEnd);
  }

  /** The end of a block of flowing text; within a cell of a table only a space. */
  flush(): void {
    if (this.#cells) {
      this.#inline.push(' ');
      return;
    }
    const text = this.#takeInline();
    if (text === '') return;
    if (this.#headingLevel > 0) this.#add(`${'#'.repeat(this.#headingLevel)} ${text}`, 'paragraph');
    else if (this.#lists.length > 0) this.#addEntry(text);
    else this.#add(text, 'paragraph');
  }

  heading(level: number): void {
    this.flush();
    this.#headingLevel = level;
  }

  openList(ordered: boolean): void {
    this.flush();
    this.#marker = undefined;
    this.#lists.push({ number: ordered ? 0 : undefined });
  }

  closeList(): void {
    this.flush();
    this.#marker = undefined;
    this.#lists.pop();
  }

  entry(): void {
    this.flush();
    const list = this.#lists.at(-1);
    if (!list) return;
    if (list.number !== undefined) list.number += 1;
    this.#marker = list.number === undefined ? '- ' : `${list.number}. `;
  }

  row(): void {
    this.endRow();
    this.flush();
    this.#cells = [];
  }

  cell(): void {
    if (!this.#cells) this.row();
    this.#endCell();
  }

  /** Also the end of a table. A row with a single filled cell is a paragraph: such tables only arrange a page. */
  endRow(): void {
    this.#endCell();
    const cells = this.#cells;
    this.#cells = undefined;
    const filled = cells?.filter((cell) => cell !== '') ?? [];
    if (!cells || filled.length === 0) return;
    if (filled.length === 1) this.#add(filled[0] as string, 'paragraph');
    else this.#add(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`, 'row');
  }

  /** Text that keeps its line ends, such as code. */
  preformatted(text: string): void {
    const trimmed = text.replace(/^\s*\n/, '').trimEnd();
    if (this.#cells) this.#inline.push(trimmed);
    if (this.#cells || trimmed === '') return;
    const longest = Math.max(2, ...[...trimmed.matchAll(/`{3,}/g)].slice(0, 100).map((run) => run[0].length));
    const fence = '`'.repeat(Math.min(longest + 1, 40));
    this.#add(`${fence}\n${trimmed}\n${fence}`, 'paragraph');
  }

  #endCell(): void {
    if (!this.#cells) return;
    const text = this.#takeInline();
    if (text !== '' || this.#cells.length > 0) this.#cells.push(text);
  }

  #takeInline(): string {
    if (this.#inline.length === 0) return '';
    const parts = this.#inline.join('').split(lineEnd);
    this.#inline = [];
    const lines = parts.map((part) => part.replace(/\s+/g, ' ').trim());
    return lines.join('\n').trim();
  }

  #addEntry(text: string): void {
    const indent = '  '.repeat(Math.min(this.#lists.length - 1, deepestIndent));
    this.#add(`${indent}${this.#marker ?? '  '}${text}`, 'entry');
    this.#marker = undefined;
  }

  #add(text: string, shape: Shape): void {
    this.blocks.push({ text, tight: shape !== 'paragraph' && shape === this.#lastShape, place: this.#place() });
    this.#lastShape = shape;
  }
}
