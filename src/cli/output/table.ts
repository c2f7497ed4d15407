import { escapeText } from './escape.js';
import type { Out } from './streams.js';
import type { Style } from './style.js';
import { renderBordered } from './table-bordered.js';
import { fitColumns } from './table-fit.js';
import type { PaintedCell, PaintedTable, TableColumn } from './table-model.js';
import { renderPlain } from './table-plain.js';
import { renderStacked } from './table-stacked.js';
import { displayWidth } from './width.js';

export type { TableColumn } from './table-model.js';

/** Raw data; it is escaped here and nowhere before. `null` is "no value" and shown as a dash. */
export type TableCell =
  | string
  | number
  | null
  | { readonly text: string | number | null; readonly style?: (s: string) => string };

/**
 * For a terminal: borders, no wider than the terminal, long cells wrapped; where even that does not fit, one block of
 * `key: value` lines a row. For a pipe or a file: bare columns with everything in them, for grep and awk.
 */
export async function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  out: Pick<Out, 'isTTY' | 'columns' | 'colour'>,
  style: Pick<Style, 'bold'>,
): Promise<string> {
  if (columns.length === 0) return '';
  const table: PaintedTable = {
    columns,
    head: columns.map((column) => painted({ text: column.header, style: style.bold }, out.colour)),
    rows: rows.map((row) => columns.map((_, i) => painted(row[i] ?? null, out.colour))),
  };
  const natural = naturalWidths(table);
  if (!out.isTTY) return renderPlain(table, natural);
  const widths = fitColumns(columns, natural, out.columns);
  return widths === undefined ? renderStacked(table, out.columns) : await renderBordered(table, widths);
}

function painted(cell: TableCell, colour: boolean): PaintedCell {
  const { text, style } = typeof cell === 'object' && cell !== null ? cell : { text: cell, style: undefined };
  return { text: escapeText(String(text ?? '–')), paint: (colour ? style : undefined) ?? ((s) => s) };
}

function naturalWidths({ head, rows }: PaintedTable): number[] {
  return head.map((cell, i) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[i]?.text ?? '')), displayWidth(cell.text)),
  );
}
