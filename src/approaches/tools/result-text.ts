/** More of a result is not shown to a model. */
const longestResult = 100_000;

interface Block {
  readonly type: string;
  readonly text?: unknown;
  readonly mimeType?: unknown;
  readonly uri?: unknown;
  readonly name?: unknown;
  readonly resource?: unknown;
}

/** What a tool gave, as text: what is no text is named. */
export function resultText(content: readonly unknown[], structured: unknown): string {
  const blocks = content.map((block) => blockText(block as Block)).filter((text) => text !== '');
  if (blocks.length > 0) return bounded(blocks.join('\n'));
  return structured === undefined ? '(no output)' : bounded(JSON.stringify(structured));
}

function blockText(block: Block): string {
  const { type, text, mimeType, uri, name, resource } = block;
  if (type === 'text') return String(text);
  if (type === 'resource_link') return `(a link to ${name ?? 'a resource'}: ${uri})`;
  if (type === 'resource') {
    const { text: own, uri: at, mimeType: kind } = resource as Omit<Block, 'type'>;
    return typeof own === 'string' ? own : `(the resource ${at}, of the type ${kind ?? 'unknown'}, is no text)`;
  }
  return `(${type} of the type ${mimeType ?? 'unknown'}, which is left out)`;
}

/** Cut between characters. */
export function bounded(text: string): string {
  if (text.length <= longestResult) return text;
  const shown = text.slice(0, longestResult).replace(/[\uD800-\uDBFF]$/, '');
  return `${shown}\n(cut off here: the whole has ${text.length} characters)`;
}
