import type { FunctionSize } from './check-size-scripts.ts';

/** Every function of a C file: what stands in the outermost braces behind a parameter list. */
export function measureC(file: string, text: string): FunctionSize[] {
  const code = blankC(text);
  const sizes: FunctionSize[] = [];
  let depth = 0;
  let begun: { name: string; line: number } | undefined;
  let headStart = 0;
  let line = 1;
  for (let at = 0; at < code.length; at++) {
    const character = code[at];
    if (character === '\n') line++;
    else if (character === '{' && depth++ === 0) {
      const head = /([A-Za-z_]\w*)\s*\([^;]*\)\s*$/.exec(code.slice(headStart, at));
      if (head) begun = { name: head[1] as string, line: line - (head[0].split('\n').length - 1) };
    } else if (character === '}' && --depth === 0) {
      if (begun) sizes.push({ file, ...begun, lines: line - begun.line + 1 });
      begun = undefined;
      headStart = at + 1;
    } else if (character === ';' && depth === 0) headStart = at + 1;
  }
  return sizes;
}

/** The same text with blanks for comments, strings, character constants and preprocessor lines; line ends stay. */
function blankC(text: string): string {
  const skipped =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|^[ \t]*#(?:\\\n|[^\n])*/gm;
  return text.replace(skipped, (piece) => piece.replace(/[^\n]/g, ' '));
}

/** Every function of a Python file: a `def` and what is indented more than it. Blank lines at its end do not count. */
export function measurePython(file: string, text: string): FunctionSize[] {
  const lines = text.split('\n');
  const sizes: FunctionSize[] = [];
  lines.forEach((first, index) => {
    const head = /^(\s*)(?:async\s+)?def\s+(\w+)/.exec(first);
    if (!head) return;
    const indent = (head[1] as string).length;
    let last = index;
    for (let next = index + 1; next < lines.length; next++) {
      const content = lines[next] as string;
      if (content.trim() === '') continue;
      if (content.length - content.trimStart().length <= indent) break;
      last = next;
    }
    sizes.push({ file, name: head[2] as string, line: index + 1, lines: last - index + 1 });
  });
  return sizes;
}
