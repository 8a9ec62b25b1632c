interface Fence {
  readonly mark: '`' | '~';
  readonly length: number;
  /** How many columns of white space the lines of the block may have for standing in a list or quote. */
  readonly indent: number;
  readonly language: string;
}

/** A fenced block of a text, without its fences. */
export interface CodeBlock {
  /** What stands behind the opening fence, such as `python`; `''`: nothing. */
  readonly language: string;
  readonly code: string;
}

/**
 * The fenced blocks, with fences of backticks or tildes of any length (at least 3) and any language, also where the
 * opening fence stands after other text on its line; a block that is never closed goes to the end.
 */
export function* codeBlocks(text: string): Generator<CodeBlock> {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const fence = openingFence(lines[index] ?? '');
    if (fence === undefined) continue;
    let end = index + 1;
    while (end < lines.length && !isClosingFence(lines[end] ?? '', fence)) end++;
    yield { language: fence.language, code: insideOf(lines.slice(index + 1, end), end < lines.length, fence) };
    index = end;
  }
}

/** The inside of the first fenced block; the whole text where there is none. */
export function readCode(text: string): string {
  const [first] = codeBlocks(text);
  return first?.code ?? text;
}

function insideOf(lines: readonly string[], isClosed: boolean, fence: Fence): string {
  const code = lines.map((line) => outdented(line, fence.indent)).join('\n');
  if (isClosed) return code.endsWith('\r') ? code.slice(0, -1) : code;
  const marks = fence.mark.repeat(fence.length);
  const trimmed = code.trimEnd();
  return trimmed.endsWith(marks) ? trimmed.slice(0, -marks.length) : code;
}

function openingFence(line: string): Fence | undefined {
  const start = firstMarks(line);
  if (start === -1) return undefined;
  const mark = line[start] === '~' ? '~' : '`';
  const before = line.slice(0, start);
  const end = endOfRun(line, start, mark);
  const language = line.slice(end).trim();
  const isBlank = before.trim() === '';
  if (mark === '`' && language.includes('`')) return undefined;
  if (!isBlank && (mark === '~' || !/^[\w+#.-]{0,40}$/.test(language))) return undefined;
  const isListItem = /^(?:[-*+]|\d{1,9}[.)])$/.test(before.trim());
  return { mark, length: end - start, indent: isBlank || isListItem ? before.length : 0, language };
}

function firstMarks(line: string): number {
  const [backticks, tildes] = [line.indexOf('```'), line.indexOf('~~~')];
  if (backticks === -1 || tildes === -1) return Math.max(backticks, tildes);
  return Math.min(backticks, tildes);
}

function endOfRun(line: string, start: number, mark: string): number {
  let end = start;
  while (line[end] === mark) end++;
  return end;
}

function isClosingFence(line: string, fence: Fence): boolean {
  const trimmed = line.trim();
  return trimmed.length >= fence.length && endOfRun(trimmed, 0, fence.mark) === trimmed.length;
}

function outdented(line: string, indent: number): string {
  let start = 0;
  while (start < indent && (line[start] === ' ' || line[start] === '\t')) start++;
  return line.slice(start);
}
