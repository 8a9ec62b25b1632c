import {
  blockElements,
  codeElements,
  framingElements,
  looseElements,
  rawElements,
  skippedElements,
  skippedRoles,
  voidElements,
} from './html-elements.ts';
import { OpenElements } from './open-elements.ts';
import { type TextBlock, TextBlocks } from './text-blocks.ts';

/** The attributes that decide whether an element is read. */
export type Attributes = ReadonlyMap<string, string>;

/** Follows the tags of a document and gives the text between them to {@link TextBlocks}. */
export class DocumentWalker {
  readonly #open = new OpenElements();
  readonly #out: TextBlocks = new TextBlocks(() => ({
    main: this.#open.has('main'),
    article: this.#open.has('article'),
    form: this.#open.has('form'),
    frame: [...framingElements].some((name) => this.#open.has(name)),
  }));
  #raw: string | undefined;
  #title: string | undefined;
  #preformatted: string[] | undefined;

  get title(): string {
    return (this.#title ?? '').replace(/\s+/g, ' ').trim();
  }

  get blocks(): readonly TextBlock[] {
    return this.#out.blocks;
  }

  text(run: string): void {
    if (this.#raw === 'title' && !this.#open.skipping) this.#title = (this.#title ?? '') + run;
    if (this.#raw !== undefined || this.#open.skipping) return;
    if (this.#preformatted) this.#preformatted.push(run);
    else this.#out.text(run);
  }

  openTag(name: string, attributes: Attributes, selfClosed: boolean): void {
    if (rawElements.has(name)) {
      // The first title is the page's own.
      this.#raw = name === 'title' && this.#title !== undefined ? 'another title' : name;
      return;
    }
    const above = this.#open.top();
    if (looseElements.has(name) && above?.name === name && above.skipped) this.#open.pop();
    const skipped = skippedElements.has(name) || isHidden(attributes);
    if (this.#open.skipping) {
      if (!voidElements.has(name) && !selfClosed) this.#open.push({ name, skipped });
      return;
    }
    if (skipped && !voidElements.has(name)) {
      if (blockElements.has(name)) this.#separate();
      this.#open.push({ name, skipped: true });
      return;
    }
    this.#enter(name);
    const remembered = attributes.get('role') === 'main' ? 'main' : name;
    if (!voidElements.has(name) && !looseElements.has(name)) this.#open.push({ name, skipped: false });
    if (remembered !== name) this.#open.push({ name: remembered, skipped: false });
  }

  closeTag(name: string): void {
    if (rawElements.has(name)) {
      this.#raw = undefined;
      return;
    }
    // What was read so far stood inside of the element, which decides whether it is content.
    if (!this.#open.skipping && !this.#preformatted && blockElements.has(name)) this.#out.flush();
    if (this.#open.skipping || !looseElements.has(name)) {
      for (const element of this.#open.close(name)) if (!element.skipped) this.#leave(element.name);
    } else this.#leave(name);
  }

  end(): void {
    this.#endPreformatted();
    this.#out.endRow();
    this.#out.flush();
  }

  #enter(name: string): void {
    if (name === 'br') this.#lineEnd();
    else if (name === 'pre' && !this.#preformatted) {
      this.#out.flush();
      this.#preformatted = [];
    } else if (this.#preformatted) this.#codeLine(name);
    else if (name === 'ul' || name === 'ol' || name === 'menu') this.#out.openList(name === 'ol');
    else if (name === 'li') this.#out.entry();
    else if (name === 'table') this.#out.endRow();
    else if (name === 'tr') this.#out.row();
    else if (name === 'td' || name === 'th') this.#out.cell();
    else if (/^h[1-6]$/.test(name)) this.#out.heading(Number(name[1]));
    else if (blockElements.has(name)) this.#out.flush();
    else if (codeElements.has(name)) this.#out.text('`');
    else if (name === 'q') this.#out.text('"');
  }

  #leave(name: string): void {
    if (name === 'pre') this.#endPreformatted();
    else if (this.#preformatted) return;
    else if (name === 'ul' || name === 'ol' || name === 'menu') this.#out.closeList();
    else if (name === 'tr' || name === 'table') this.#out.endRow();
    else if (/^h[1-6]$/.test(name)) this.#out.heading(0);
    else if (name === 'td' || name === 'th') return;
    else if (blockElements.has(name)) this.#out.flush();
    else if (codeElements.has(name)) this.#out.text('`');
    else if (name === 'q') this.#out.text('"');
  }

  /** Ends a block also where the text was left inside `pre`. */
  #separate(): void {
    this.#endPreformatted();
    this.#out.flush();
  }

  #lineEnd(): void {
    if (this.#preformatted) this.#preformatted.push('\n');
    else this.#out.lineEnd();
  }

  /** Some show each line of code in a block of its own. */
  #codeLine(name: string): void {
    const last = this.#preformatted?.at(-1);
    if (blockElements.has(name) && last !== undefined && !last.endsWith('\n')) this.#preformatted?.push('\n');
  }

  #endPreformatted(): void {
    const text = this.#preformatted?.join('');
    this.#preformatted = undefined;
    if (text !== undefined) this.#out.preformatted(text);
  }
}

function isHidden(attributes: Attributes): boolean {
  if (attributes.has('hidden') || attributes.get('aria-hidden')?.toLowerCase() === 'true') return true;
  if (/display\s*:\s*none/i.test(attributes.get('style')?.slice(0, 1000) ?? '')) return true;
  return skippedRoles.has(attributes.get('role') ?? '');
}
