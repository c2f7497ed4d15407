/** What a set of durations comes to, in seconds. A mean never stands without the rest. */
export interface Summary {
  readonly n: number;
  readonly mean_s: number;
  readonly p50_s: number;
  readonly p95_s: number;
  readonly fastest_s: number;
  readonly slowest_s: number;
}

/** Of the values that are recorded; `null` when none is. */
export function summarise(values: readonly (number | null)[]): Summary | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const n = sorted.length;
  const [fastest_s] = sorted;
  const slowest_s = sorted[n - 1];
  if (fastest_s === undefined || slowest_s === undefined) return null;
  return {
    n,
    mean_s: sorted.reduce((total, value) => total + value, 0) / n,
    p50_s: nearestRank(sorted, 0.5),
    p95_s: nearestRank(sorted, 0.95),
    fastest_s,
    slowest_s,
  };
}

/** The smallest observed value that at least `share` of all values do not exceed; nothing is interpolated. */
function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}
