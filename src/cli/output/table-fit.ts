import type { TableColumn } from './table-model.js';
import { displayWidth } from './width.js';

/** A border on the left and a space on either side of the text; the right-hand border of the table comes once. */
const FRAME_PER_COLUMN = 3;
/** Narrower than this, text is a ladder of syllables and a stacked block reads better. */
const LEAST_WIDTH = 6;

/**
 * The width of each column's text in a bordered table of at most `available` columns, or `undefined` when even with
 * every column at its least the table is too wide. No column gets more than its natural width.
 */
export function fitColumns(
  columns: readonly TableColumn[],
  natural: readonly number[],
  available: number,
): number[] | undefined {
  const room = available - FRAME_PER_COLUMN * columns.length - 1;
  const fits = columns.map((column, i) => {
    const most = Math.max(1, natural[i] ?? 1);
    const least = column.grow === 0 ? most : Math.min(most, leastWidth(column));
    return { least, weight: column.grow ?? 1, width: Math.max(least, Math.min(most, room)) };
  });
  let excess = fits.reduce((sum, fit) => sum + fit.width, 0) - room;
  for (; excess > 0; excess--) {
    let widest: (typeof fits)[number] | undefined;
    for (const fit of fits) {
      if (fit.width <= fit.least) continue;
      if (widest === undefined || fit.width / fit.weight > widest.width / widest.weight) widest = fit;
    }
    if (widest === undefined) return undefined;
    widest.width--;
  }
  return fits.map((fit) => fit.width);
}

/** Two at the least, so that a wide character has a place. */
function leastWidth({ header, min }: TableColumn): number {
  if (min !== undefined) return Math.max(2, min);
  return header.split(' ').reduce((most, word) => Math.max(most, displayWidth(word)), LEAST_WIDTH);
}
