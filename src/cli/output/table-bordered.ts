import type { PaintedCell, PaintedTable } from './table-model.js';
import { displayWidth, wrap } from './width.js';

/**
 * cli-table3 draws the frame and we fill it. Left to itself it would cut words longer than a column instead of breaking
 * them, misjudge marks and newer emoji (so that borders stagger), and colour a border with the cell next to it. So it
 * is given one line of `x` for each line of each cell, as wide as the column, and every run of `x` is then replaced by
 * the text, wrapped, aligned and coloured here.
 */
const FILL = 'x';

/** cli-table3 looks for overlaps by comparing each cell with all cells above it: quadratic, so few lines at a time. */
const LINES_AT_ONCE = 50;

type Rule = 'top' | 'between' | 'none';

/** One line of the screen: the rule drawn above it and the finished text of each column. */
interface ScreenLine {
  readonly above: Rule;
  readonly texts: readonly string[];
}

const RULES = {
  top: { mid: '─', left: '┌', cross: '┬', right: '┐' },
  between: { mid: '─', left: '├', cross: '┼', right: '┤' },
  none: { mid: '', left: '', cross: '', right: '' },
} as const;

/** `widths` are those of the columns' text, without padding and borders. */
export async function renderBordered(table: PaintedTable, widths: readonly number[]): Promise<string> {
  const { default: CliTable } = await import('cli-table3');
  const lines = screenLines(table, widths);
  const parts: string[] = [];
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
    const some = lines.slice(from, from + LINES_AT_ONCE);
    const isLast = from + LINES_AT_ONCE >= lines.length;
    const frame = new CliTable({
      colWidths: widths.map((width) => width + 2),
      style: { head: [], border: [] },
      chars: { ...topChars(some[0]?.above ?? 'none'), ...(isLast ? {} : NO_BOTTOM) },
    });
    for (const line of some) {
      const chars = middleChars(line.above);
      frame.push(widths.map((width) => ({ content: FILL.repeat(width), chars })));
    }
    const texts = some.flatMap((line) => line.texts);
    let next = 0;
    parts.push(`${frame.toString().replace(/x+/g, () => texts[next++] ?? '')}\n`);
  }
  return parts.join('');
}

const NO_BOTTOM = { bottom: '', 'bottom-left': '', 'bottom-mid': '', 'bottom-right': '' };

function topChars(rule: Rule) {
  const { mid, left, cross, right } = RULES[rule];
  return { top: mid, 'top-left': left, 'top-mid': cross, 'top-right': right };
}

function middleChars(rule: Rule) {
  const { mid, left, cross, right } = RULES[rule];
  return { mid, 'left-mid': left, 'mid-mid': cross, 'right-mid': right };
}

function screenLines(table: PaintedTable, widths: readonly number[]): ScreenLine[] {
  const head = rowLines(table, table.head, widths);
  const rows = table.rows.map((row) => rowLines(table, row, widths));
  // Where no row takes a second line, rules between them would only spread the table out.
  const betweenRows: Rule = rows.some((lines) => lines.length > 1) ? 'between' : 'none';
  return [...withRule(head, 'top'), ...rows.flatMap((lines, i) => withRule(lines, i === 0 ? 'between' : betweenRows))];
}

function withRule(lines: readonly (readonly string[])[], rule: Rule): ScreenLine[] {
  return lines.map((texts, i) => ({ above: i === 0 ? rule : 'none', texts }));
}

/** A row as lines of the screen; each line has a text of exactly the column's width for every column. */
function rowLines({ columns }: PaintedTable, row: readonly PaintedCell[], widths: readonly number[]): string[][] {
  const wrapped = row.map((cell, i) => wrap(cell.text, widths[i] ?? 1));
  const height = wrapped.reduce((most, lines) => Math.max(most, lines.length), 1);
  return Array.from({ length: height }, (_, y) =>
    row.map((cell, i) => {
      const text = wrapped[i]?.[y] ?? '';
      const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(text)));
      return columns[i]?.align === 'right' ? room + cell.paint(text) : cell.paint(text) + room;
    }),
  );
}
