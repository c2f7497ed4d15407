import { count } from './words.js';

/** `0.4 s`, `12 s`, `1.5 min`, `1 h`, `12 d`: two digits, which is as exact as a tick from cron is on time. */
export function spell(s: number): string {
  const [unit, size] = UNITS.find(([, least]) => s >= least) ?? SECOND;
  const value = s / size;
  return `${value >= 100 ? count(Math.round(value)) : Number(value.toPrecision(2))} ${unit}`;
}

const SECOND = ['s', 1] as const;
const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** `62.5 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** `3.21`, `over 1,000`: beyond that nobody needs to know. */
export function evidence(e: number): string {
  return e > 1000 ? 'over 1,000' : String(Number(e.toPrecision(3)));
}

/** `0.52×`. */
export function ratio(value: number): string {
  return `${Number(value.toPrecision(2))}×`;
}
