import type { PerfValue } from '../healing/check.js';
import { sizeShown } from '../healing/checks/shown.js';
import { formatSeconds } from './output/time.js';

/** As the monitoring plugins write it. A reader of figures needs no more digits than were measured. */
export function pluginFigure(check: string, { label, value, unit, warn, crit, min, max }: PerfValue): string {
  const name = `${check}/${label}`.replaceAll("'", "''");
  const bounds = [warn, crit, min, max].map((bound) => bound ?? '').join(';');
  return `'${name}'=${digits(value, unit)}${unit};${bounds}`.replace(/;+$/, '');
}

/** For people, with the bounds as the check has them. */
export function figureWords({ value, unit, warn, crit }: PerfValue): string {
  const bounds = [...(warn ? [`warning: ${warn}`] : []), ...(crit ? [`critical: ${crit}`] : [])];
  return `${amount(value, unit)}${bounds.length > 0 ? ` (${bounds.join(', ')})` : ''}`;
}

function amount(value: number, unit: string): string {
  if (unit === 's' && value >= 0) return formatSeconds(value);
  if (unit === 'B' && value >= 0) return sizeShown(value);
  if (unit === '%') return `${digits(value, unit)} %`;
  return unit === '' || unit === 'c' ? String(value) : `${value} ${unit}`;
}

/** Shares are cut to tenths, as in findings: 89.99 % is not yet the 90 % that would be too much. Times have microseconds. */
function digits(value: number, unit: string): number {
  if (unit === '%') return Math.floor(value * 10 + 1e-8) / 10;
  return unit === 's' ? Number(value.toFixed(6)) : value;
}
