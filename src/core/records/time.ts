/**
 * Instants in records. New ones are UTC with `Z` and milliseconds, which is what the clock gives; old lines have
 * microseconds and no zone and mean UTC.
 */

/** The years 0000 to 9999: an instant outside them has no spelling that sorts. */
const RANGE = { least: Date.parse('0000-01-01T00:00:00Z'), most: Date.parse('9999-12-31T23:59:59.999Z') };

/** Milliseconds since 1970 (with the fraction the text has), or `undefined` when the text is no instant. */
export function parseInstant(text: string): number | undefined {
  return readInstant(text)?.ms;
}

interface InstantRead {
  readonly ms: number;
  readonly fractionDigits: number;
  readonly offset_s: number;
}

/**
 * `YYYY-MM-DD[T ]HH:MM:SS[.fffffffff][Z|±HH[:]MM]`, read digit by digit: every line of a log passes here, and a regular
 * expression with `Date.parse` took more than a third of the time of reading a line.
 */
function readInstant(text: string): InstantRead | undefined {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  if (text.charCodeAt(10) !== LETTER_T && text.charCodeAt(10) !== BLANK) return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;

  let at = DATE_AND_TIME;
  if (text.charCodeAt(at) === DOT) while (isDigit(text.charCodeAt(++at)));
  const fractionDigits = Math.max(0, at - DATE_AND_TIME - 1);
  if (at > DATE_AND_TIME && (fractionDigits < 1 || fractionDigits > 9)) return undefined;
  const fraction = fractionDigits === 0 ? 0 : digits(text, DATE_AND_TIME + 1, fractionDigits) / 10 ** fractionDigits;

  const offset_s = zoneOffsetS(text, at);
  if (offset_s === undefined) return undefined;
  const seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  const ms = seconds * 1000 + fraction * 1000 - offset_s * 1000;
  return ms >= RANGE.least && ms <= RANGE.most ? { ms, fractionDigits, offset_s } : undefined;
}

/** Length of `YYYY-MM-DDTHH:MM:SS`. */
const DATE_AND_TIME = 19;

const BLANK = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const LETTER_T = 0x54;

/** The number that `n` digits make, or -1 when they are not all digits. */
function digits(text: string, at: number, n: number): number {
  let value = 0;
  for (let i = at; i < at + n; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 0x30;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What stands after the seconds; no zone means UTC. */
function zoneOffsetS(text: string, at: number): number | undefined {
  const sign = text[at];
  if (at === text.length || (sign === 'Z' && at + 1 === text.length)) return 0;
  if (sign !== '+' && sign !== '-') return undefined;
  const minutesAt = text[at + 3] === ':' ? at + 4 : at + 3;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, minutesAt, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || minutesAt + 2 !== text.length) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** In the Gregorian calendar, also before there was one. Years are counted from March, so that leap days end them. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

/** So the old system spelled an instant, and grace never does. */
export function namesNoZone(instantText: string): boolean {
  return !/(Z|[+-]\d{2}:?\d{2})$/.test(instantText.slice('2026-11-20'.length));
}

/** `2026-11-23T00:18:47.123Z`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** An instant as grace writes it, however it was spelled; a text that is none stays as it is. */
export function inMillis(text: string): string;
export function inMillis(text: string | null): string | null;
export function inMillis(text: string | null): string | null {
  const ms = text === null ? undefined : parseInstant(text);
  return ms === undefined ? text : formatInstant(Math.floor(ms));
}

/** The same instant in one spelling that sorts as text, with microseconds: the form the registry keeps. */
export function canonicalInstant(text: string): string | undefined {
  const read = readInstant(text);
  if (!read) return undefined;
  const { ms, fractionDigits, offset_s } = read;
  // UTC with no more digits than are kept: its own digits are the spelling.
  if (offset_s === 0 && fractionDigits <= 6) {
    const fraction = text.slice(DATE_AND_TIME + 1, DATE_AND_TIME + 1 + fractionDigits).padEnd(6, '0');
    return `${text.slice(0, 10)}T${text.slice(11, DATE_AND_TIME)}.${fraction}Z`;
  }
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1_000_000);
  const fraction = String(micros - whole * 1_000_000).padStart(6, '0');
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** `YYYYMMDDHHMMSSffffff`, as in entry ids. The clock has milliseconds; the last three digits are 0, not made up. */
export function compactInstant(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:TZ.]/g, '')}000`;
}
