/** Ends of lines, and beginnings of them, that are common in programs and rare in prose. */
const codeLine =
  /[;{}]\s{0,20}$|^\s{0,80}(?:def|class|function|import|const|let|var|public|private|static|fn|func|package|using)\b.{0,500}[(){}:;='"<]/;

/** Whether a text holds code: a fenced block, or at least two lines that look like a program's. */
export function hasCode(text: string): boolean {
  let codeLines = 0;
  for (const line of text.split('\n')) {
    if (/^ {0,3}(?:```|~~~)/.test(line)) return true;
    if (codeLine.test(line.slice(0, 2000)) && ++codeLines === 2) return true;
  }
  return false;
}
