const HEADINGS = ['measure', 'result', 'target', 'verdict', 'medians'];

/**
 * A ratio or a bounded figure. `ok` undefined: there is no target, the figure is there to be seen.
 *
 * @param {string} measure
 * @param {number} value
 * @param {{ atMost?: number, atLeast?: number, unit?: string, digits?: number, medians?: string }} options
 */
export function result(measure, value, { atMost, atLeast, unit = '×', digits = 2, medians = '' }) {
  const shown = (n, places) => `${n.toFixed(places)}${unit === '×' ? '×' : ` ${unit}`}`;
  const target = atMost !== undefined ? `≤ ${shown(atMost, digitsOf(atMost))}` : atLeastText(atLeast, shown);
  const ok = atMost !== undefined ? value <= atMost : atLeast !== undefined ? value >= atLeast : undefined;
  return { measure, result: shown(value, digits), target, ok, medians };
}

/** What could not be measured, and why. */
export function skipped(measure, reason) {
  return { measure, result: '–', target: '', ok: undefined, medians: `skipped: ${reason}` };
}

/** A measure that did not come to its end. */
export function broken(measure, error) {
  return { measure, result: '–', target: '', ok: false, medians: `broken: ${String(error.message).split('\n')[0]}` };
}

export function printTable(rows) {
  const cells = rows.map((row) => [row.measure, row.result, row.target, verdictOf(row), row.medians]);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...cells.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  console.log(
    [HEADINGS, widths.map((width) => '-'.repeat(width)), ...cells].map((row) => line(row).trimEnd()).join('\n'),
  );
}

function atLeastText(atLeast, shown) {
  return atLeast === undefined ? '' : `≥ ${shown(atLeast, digitsOf(atLeast))}`;
}

function digitsOf(n) {
  return Number.isInteger(n) ? 0 : String(n).split('.')[1].length;
}

function verdictOf({ ok }) {
  if (ok === undefined) return '';
  return ok ? 'ok' : 'MISSED';
}

export function ms(seconds) {
  const value = seconds * 1000;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

export function perSecond(n) {
  return `${Math.round(n).toLocaleString('en')}/s`;
}
