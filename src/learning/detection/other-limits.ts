import { duration, share, size } from '../../core/config/schema/units.js';
import type { Limit } from './limits.js';

/** A limit and its spelling in grace.yaml. */
export interface Spelled {
  readonly value: number;
  readonly text: string;
}

/** From one limit to others: shares by so many points, sizes and durations by so much of themselves. The least first. */
const POINTS = [1, 2, 3, 5, 10];
const FACTORS = [1.1, 1.25, 1.5, 2];

/** The largest first; a binary unit before the decimal one below it. */
const SIZES: readonly (readonly [string, number])[] = [
  ...(['T', 'G', 'M'] as const).flatMap((prefix, i): [string, number][] => [
    [`${prefix}iB`, 1024 ** (4 - i)],
    [`${prefix}B`, 1000 ** (4 - i)],
  ]),
  ...([
    ['KiB', 1024],
    ['kB', 1000],
    ['B', 1],
  ] as const),
];
const DURATIONS: readonly (readonly [string, number])[] = [
  ...([
    ['w', 604_800],
    ['d', 86_400],
    ['h', 3600],
  ] as const),
  ...([
    ['m', 60],
    ['s', 1],
  ] as const),
];

/** As grace.yaml reads them. */
const READERS = { share, size, duration: duration('1s', '31d') };

export function spelledLimit({ unit, value }: Limit): Spelled {
  const [name, amount] = amountOf(unit, value);
  return { value, text: `${amount}${name}` };
}

/** Limits that could stand there instead, the nearest first, of two as near the looser one. Each as its spelling reads. */
export function otherLimits(limit: Limit): Spelled[] {
  const { unit, value, passes } = limit;
  const [name, amount] = amountOf(unit, value);
  const looser = passes === 'below' ? 1 : -1;
  const amounts =
    unit === 'share'
      ? POINTS.flatMap((points) => [amount + looser * points, amount - looser * points])
      : FACTORS.flatMap((factor) =>
          looser > 0 ? [amount * factor, amount / factor] : [amount / factor, amount * factor],
        );
  return amounts.flatMap((other) => {
    const text = `${Number(other.toPrecision(unit === 'share' ? 9 : 3))}${name}`;
    const read = READERS[unit].safeParse(text);
    return read.success && isLimit(unit, read.data) && read.data !== value ? [{ value: read.data, text }] : [];
  });
}

/** What always or never passes is none; at most 1 is a share. */
function isLimit(unit: Limit['unit'], value: number): boolean {
  return unit === 'share' ? value > 0 && value < 1 : value > 1 || unit === 'duration';
}

/** In the largest unit in which it is written with two decimals at most; what is not even in any stands in the least. */
function amountOf(unit: Limit['unit'], value: number): readonly [name: string, amount: number] {
  if (unit === 'share') return ['%', Number((value * 100).toPrecision(12))];
  const units = unit === 'size' ? SIZES : DURATIONS;
  const fitting = units.find(([, scale]) => value >= scale && Number((value / scale).toFixed(2)) * scale === value);
  const [name, scale] = fitting ?? [unit === 'size' ? 'B' : 's', 1];
  return [name, value / scale];
}
