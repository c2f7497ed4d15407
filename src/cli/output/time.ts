import { parseInstant } from '../../core/records/time.js';
import { escapeText } from './escape.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/** Instants outside these years have no four-digit spelling and no longer sort as text. */
const FIRST_INSTANT = Date.parse('0000-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

const NONE = '–';

/**
 * A duration to two or three digits, the precision a reader uses. What took time never shows as none, and a clock that
 * went backwards shows as none rather than as negative time.
 */
export function formatSeconds(s: number | null): string {
  if (s === null || !Number.isFinite(s)) return NONE;
  if (s <= 0) return '0 ms';
  const ms = s * SECOND;
  if (ms < 0.01) return '< 0.01 ms';
  if (ms < 999.5) return `${Number(ms.toPrecision(ms < 99.5 ? 2 : 3))} ms`;
  if (s < 59.95) return `${Number(s.toPrecision(3))} s`;
  const seconds = Math.round(s);
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(s / 60);
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(s / 3600), 24, 'd', 'h');
}

function twoUnits(small: number, perLarge: number, large: string, smallName: string): string {
  const rest = small % perLarge;
  return `${Math.floor(small / perLarge)} ${large}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** `2026-11-23 00:18:47Z`, cut to the second. A text that is no instant is shown as it is, escaped. */
export function formatUtc(text: string | null): string {
  if (text === null) return NONE;
  const ms = parseInstant(text);
  if (ms === undefined || Number.isNaN(ms)) return escapeText(text);
  return new Date(Math.floor(ms / SECOND) * SECOND).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

/** A share with the numbers it came from. Only all of them are 100 %, only none of them 0 %. */
export function formatPercent(n: number, d: number): string {
  const of = `(${n} of ${d})`;
  if (d === 0) return `${NONE} ${of}`;
  const percent = ((n / d) * 100).toFixed(1);
  if (n > 0 && percent === '0.0') return `< 0.1 % ${of}`;
  if (n < d && percent === '100.0') return `> 99.9 % ${of}`;
  return `${percent} % ${of}`;
}

/**
 * The instant a `--since` value means, in milliseconds since 1970: an age (`30s`, `15m`, `6h`, `7d`, `2w`), a date or
 * date-time (UTC where it names no zone), `today` or `yesterday` (UTC days). `undefined` for anything else.
 */
export function parseSince(text: string, nowMs: number): number | undefined {
  const ms = sinceMs(text, nowMs);
  return ms !== undefined && ms >= FIRST_INSTANT && ms <= LAST_INSTANT ? ms : undefined;
}

function sinceMs(text: string, nowMs: number): number | undefined {
  const today = Math.floor(nowMs / DAY) * DAY;
  if (text === 'today') return today;
  if (text === 'yesterday') return today - DAY;
  const age = /^(\d{1,15})([smhdw])$/.exec(text);
  if (age) return nowMs - Number(age[1]) * (UNITS[age[2] ?? ''] ?? Number.NaN);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseInstant(`${text}T00:00:00Z`);
  const zone = /[+-](\d{2}):?(\d{2})$/.exec(text.slice('2026-11-20'.length));
  // No place on Earth is further from UTC than 14 hours.
  if (zone && Number(zone[1]) * 60 + Number(zone[2]) > 14 * 60) return undefined;
  if (zone && Number(zone[2]) > 59) return undefined;
  // Seconds may be left out, as people do.
  return parseInstant(text.replace(/^(.{10}[T ]\d{2}:\d{2})(?!:)/, '$1:00'));
}
