import { power } from './elementary.js';
import { kept } from './kept.js';

/**
 * What became of a playbook: verified and no relapse (`s`), or not (`f`), and the seconds those attempts took,
 * verification included. All discounted alike, so none is a whole number.
 */
export interface Tally {
  readonly s: number;
  readonly f: number;
  readonly worked_s: number;
  readonly failed_s: number;
}

/** By the set of playbooks that had failed before (`failedKey`), and by playbook. */
export type Cells = Readonly<Record<string, Readonly<Record<string, Tally>>>>;

/** Cells as of the incident `at` of their mode: discounted since then when they are read. */
export interface Tallies {
  readonly at: number;
  readonly cells: Cells;
}

/** A cell that weighs less than so many observations is forgotten, so that state does not grow with the past. */
const LEAST_WEIGHT = 1e-4;

export const NO_TALLY: Tally = { s: 0, f: 0, worked_s: 0, failed_s: 0 };

/** Names a set of playbooks. */
export function failedKey(playbooks: readonly string[]): string {
  return JSON.stringify([...new Set(playbooks)].sort());
}

/** The tallies as of a later incident of the mode. */
export function discounted({ at, cells }: Tallies, later: number, keep: number): Tallies {
  const factor = power(keep, later - at);
  const left = Object.entries(cells).flatMap(([key, row]) => {
    const tallies = Object.entries(row)
      .map(([id, tally]) => [id, mapped(tally, (value) => kept(value * factor))] as const)
      .filter(([, { s, f }]) => s + f >= LEAST_WEIGHT);
    return tallies.length === 0 ? [] : [[key, Object.fromEntries(tallies)] as const];
  });
  return { at: later, cells: Object.fromEntries(left) };
}

/** With one more observation. */
export function plus({ at, cells }: Tallies, key: string, id: string, more: Tally): Tallies {
  const tally = sum(cellOf(cells, key, id), more);
  return { at, cells: { ...cells, [key]: { ...own(cells, key), [id]: mapped(tally, kept) } } };
}

/** How a playbook fared after just this set had failed. */
export function cellOf(cells: Cells, key: string, id: string): Tally {
  return own(own(cells, key) ?? {}, id) ?? NO_TALLY;
}

/** How a playbook fared, whatever had failed before it. */
export function totalOf(cells: Cells, id: string): Tally {
  return Object.keys(cells).reduce((total, key) => sum(total, cellOf(cells, key, id)), NO_TALLY);
}

export function sum(one: Tally, other: Tally): Tally {
  return mapped(one, (value, field) => value + other[field]);
}

/** `one` without `other`, which is a part of it but for rounding. */
export function less(one: Tally, other: Tally): Tally {
  return mapped(one, (value, field) => Math.max(0, value - other[field]));
}

export function times(tally: Tally, factor: number): Tally {
  return mapped(tally, (value) => value * factor);
}

/** The share of a tally that may be lent, when no more than `most` observations may. */
export function lendable({ s, f }: Tally, most: number): number {
  return s + f > most ? most / (s + f) : 1;
}

/** What a record itself holds under this key: ids and targets are data, and one may be named like a built-in. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function mapped({ s, f, worked_s, failed_s }: Tally, change: (value: number, field: keyof Tally) => number): Tally {
  return {
    s: change(s, 's'),
    f: change(f, 'f'),
    worked_s: change(worked_s, 'worked_s'),
    failed_s: change(failed_s, 'failed_s'),
  };
}
