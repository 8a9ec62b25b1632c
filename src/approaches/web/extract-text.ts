import { setImmediate as nextTurn } from 'node:timers/promises';
import { Tokenizer } from 'htmlparser2';
import { DocumentWalker } from './document-walker.ts';
import type { TextBlock } from './text-blocks.ts';

/** Title and main text of a document, in a plain form of Markdown. Either may be `''`. */
export interface ExtractedText {
  readonly title: string;
  readonly text: string;
}

/** Characters that are read before others get their turn. */
const portion = 65_536;

/** A part of the page that is shorter is not taken for the whole of its content. */
const enough = 200;

const readAttributes: ReadonlySet<string> = new Set(['hidden', 'aria-hidden', 'style', 'role']);

/**
 * Takes the text that a reader would call the content out of HTML: headings, paragraphs, lists, tables and code, with
 * entities decoded; without scripts, styles, navigation, controls, and what is hidden. Any input gives some output, in
 * time proportional to its length; other work gets its turn in between.
 */
export async function extractText(html: string): Promise<ExtractedText> {
  const text = html.replaceAll('\r\n', '\n');
  const walker = new DocumentWalker();
  // Only the tokenizer: a tree is not needed, and its making takes quadratic time where tags never match.
  const tokenizer = new Tokenizer({}, tokenReceiver(text, walker));
  for (let start = 0; start < text.length; start += portion) {
    if (start > 0) await nextTurn();
    tokenizer.write(text.slice(start, start + portion));
  }
  tokenizer.end();
  walker.end();
  return { title: walker.title, text: joinBlocks(chooseContent(walker.blocks)) };
}

/** Puts tags together from the tokenizer's pieces, which it gives as places in the text. */
function tokenReceiver(text: string, walker: DocumentWalker): ConstructorParameters<typeof Tokenizer>[1] {
  let name = '';
  let attribute = '';
  let attributes = new Map<string, string>();
  const addToAttribute = (piece: string) => {
    const value = attributes.get(attribute);
    if (value !== undefined && value.length < 1000) attributes.set(attribute, value + piece);
  };
  return {
    onopentagname(start, end) {
      name = text.slice(start, end).toLowerCase();
      attributes = new Map();
    },
    onattribname(start, end) {
      attribute = end - start <= 12 ? text.slice(start, end).toLowerCase() : '';
      if (readAttributes.has(attribute) && !attributes.has(attribute)) attributes.set(attribute, '');
      else attribute = '';
    },
    onattribdata: (start, end) => addToAttribute(text.slice(start, end)),
    onattribentity: (code) => addToAttribute(String.fromCodePoint(code)),
    onattribend() {},
    onopentagend: () => walker.openTag(name, attributes, false),
    onselfclosingtag: () => walker.openTag(name, attributes, true),
    onclosetag: (start, end) => walker.closeTag(text.slice(start, end).toLowerCase()),
    ontext: (start, end) => walker.text(text.slice(start, end)),
    ontextentity: (code) => walker.text(String.fromCodePoint(code)),
    oncdata: (start, end, offset) => walker.text(text.slice(start, end - offset)),
    oncomment() {},
    ondeclaration() {},
    onprocessinginstruction() {},
    onend() {},
  };
}

/** The main content where the page marks it, else all but what frames the page; forms only where nothing else is. */
function chooseContent(blocks: readonly TextBlock[]): readonly TextBlock[] {
  const outsideForms = blocks.filter(({ place }) => !place.form);
  const main = outsideForms.filter(({ place }) => place.main);
  if (lengthOf(main) >= enough) return main;
  const framed = outsideForms.filter(({ place }) => !place.frame || place.main || place.article);
  const article = framed.filter(({ place }) => place.article);
  if (lengthOf(article) >= enough && lengthOf(article) * 2 >= lengthOf(framed)) return article;
  if (lengthOf(framed) >= enough) return framed;
  // Some servers put the whole page into one form.
  const withForms = blocks.filter(({ place }) => !place.frame || place.main || place.article);
  if (lengthOf(withForms) >= enough) return withForms;
  return [framed, outsideForms, blocks].find((choice) => choice.length > 0) ?? [];
}

function lengthOf(blocks: readonly TextBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.text.length, 0);
}

function joinBlocks(blocks: readonly TextBlock[]): string {
  const text = blocks.map((block, index) => (index === 0 ? '' : block.tight ? '\n' : '\n\n') + block.text).join('');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters mean nothing in a page
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
}
