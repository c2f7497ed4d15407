import type { DrillEnd } from './drill-end.js';

export type DrillResult = DrillEnd['kind'] | 'impossible' | 'error';

export interface DrillTally {
  readonly healed: number;
  /** Of those that were begun and can run here. */
  readonly possible: number;
  readonly impossible: number;
  /** Every drill that can run here was begun and healed, and there was one: where none can run, nothing is shown. */
  readonly isShown: boolean;
}

/** What the drills of a host come to; `wanted`: how many there are. */
export function tallyDrills(results: readonly DrillResult[], wanted: number): DrillTally {
  const healed = results.filter((result) => result === 'resolved').length;
  const impossible = results.filter((result) => result === 'impossible').length;
  const isShown = healed > 0 && healed + impossible === wanted;
  return { healed, possible: results.length - impossible, impossible, isShown };
}
