type Cell = string | number | boolean | null | undefined;

/**
 * A line as RFC 4180 has it, with its end. Nothing stands for what is not known. A text that a spreadsheet would take
 * for a formula gets an apostrophe in front, since names come from clients.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = /^[\s\0]*[=+\-@|%]|^[\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
