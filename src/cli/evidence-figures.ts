import type { Summary } from '../evidence/summary.js';
import { count } from '../evidence/words.js';
import type { Column, Row } from './evidence-page.js';
import { formatPercent, formatSeconds } from './output/time.js';

/** `6.8 % (103 of 1,513)`. */
export function share(n: number, d: number): string {
  return formatPercent(n, d).replace(/\d{4,}/g, (digits) => count(Number(digits)));
}

/** `28.6 %`, `100 %`: as the old report wrote it. */
export function percent(rate: number | null): string {
  return rate === null ? '–' : `${Number((rate * 100).toFixed(1))} %`;
}

/** `0.294 s`, as the old report wrote it. */
export function thousandths(s: number | null): string {
  return s === null ? '–' : `${s.toFixed(3)} s`;
}

/** The columns of a {@link Summary}, in the order of {@link summaryCells}; left out where no row has one. */
export const SUMMARY_COLUMNS: readonly Column[] = ['n', 'mean', 'p50', 'p95', 'fastest', 'slowest'].map((header) => ({
  header,
  align: 'right',
  optional: true,
}));

export function summaryCells(summary: Summary | null): Row {
  if (summary === null) return SUMMARY_COLUMNS.map(() => null);
  const { n, mean_s, p50_s, p95_s, fastest_s, slowest_s } = summary;
  return [n, ...[mean_s, p50_s, p95_s, fastest_s, slowest_s].map(formatSeconds)];
}
