/**
 * Instants in records. New ones are UTC with `Z` and milliseconds, which is what the clock gives; old lines have
 * microseconds and no zone and mean UTC.
 */

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/;

/** The years 0000 to 9999: an instant outside them has no spelling that sorts. */
const RANGE = { least: Date.parse('0000-01-01T00:00:00Z'), most: Date.parse('9999-12-31T23:59:59.999Z') };

/** Milliseconds since 1970 (with the fraction the text has), or `undefined` when the text is no instant. */
export function parseInstant(text: string): number | undefined {
  const parts = INSTANT.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = parts;
  const base = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const whole = Date.parse(`${base}Z`);
  // Date.parse rolls the 31st of February over into March; such a text is no date.
  if (Number.isNaN(whole) || !new Date(whole).toISOString().startsWith(base)) return undefined;
  const ms = whole + (fraction === '' ? 0 : Number(`0.${fraction}`) * 1000) - zoneOffsetMs(zone);
  return ms >= RANGE.least && ms <= RANGE.most ? ms : undefined;
}

function zoneOffsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const digits = zone.slice(1).replace(':', '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/** So the old system spelled an instant, and grace never does. */
export function namesNoZone(instantText: string): boolean {
  return !/(Z|[+-]\d{2}:?\d{2})$/.test(instantText.slice('2026-11-20'.length));
}

/** `2026-11-23T00:18:47.123Z`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same instant in one spelling that sorts as text, with microseconds: the form the registry keeps. */
export function canonicalInstant(text: string): string | undefined {
  const ms = parseInstant(text);
  if (ms === undefined) return undefined;
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1_000_000);
  const fraction = String(micros - whole * 1_000_000).padStart(6, '0');
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** `YYYYMMDDHHMMSSffffff`, as in entry ids. The clock has milliseconds; the last three digits are 0, not made up. */
export function compactInstant(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:TZ.]/g, '')}000`;
}
