import type { PaintedCell, PaintedTable } from './table-model.js';
import { displayWidth } from './width.js';

/** For pipes and files: a header line, two spaces between columns, nothing cut, no blanks at the end of a line. */
export function renderPlain(table: PaintedTable, widths: readonly number[]): string {
  return [table.head, ...table.rows].map((row) => `${plainLine(table, row, widths)}\n`).join('');
}

function plainLine({ columns }: PaintedTable, row: readonly PaintedCell[], widths: readonly number[]): string {
  const last = row.findLastIndex((cell) => cell.text.trimEnd() !== '');
  let line = '';
  for (const [i, cell] of row.slice(0, last + 1).entries()) {
    const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell.text)));
    const text = cell.paint(i === last ? cell.text.trimEnd() : cell.text);
    if (i > 0) line += '  ';
    if (columns[i]?.align === 'right') line += room + text;
    else line += i === last ? text : text + room;
  }
  return line;
}
