interface Fence {
  readonly mark: '`' | '~';
  readonly length: number;
  /** How many columns of white space the lines of the block may have for standing in a list or quote. */
  readonly indent: number;
}

/**
 * The inside of the first fenced block, with fences of backticks or tildes of any length (at least 3) and any language,
 * also where the opening fence stands after other text on its line; a block that is never closed goes to the end.
 * The whole text where there is no such block.
 */
export function readCode(text: string): string {
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = openingFence(line);
    if (fence) return insideOf(lines.slice(index + 1), fence);
  }
  return text;
}

function insideOf(lines: readonly string[], fence: Fence): string {
  const end = lines.findIndex((line) => isClosingFence(line, fence));
  const code = (end === -1 ? lines : lines.slice(0, end)).map((line) => outdented(line, fence.indent)).join('\n');
  if (end !== -1) return code.endsWith('\r') ? code.slice(0, -1) : code;
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
  return { mark, length: end - start, indent: isBlank || isListItem ? before.length : 0 };
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
