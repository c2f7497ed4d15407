import type { PerfValue } from '../check.js';

/** Of one run; whatever follows is dropped. */
const MAX_VALUES = 256;
const MAX_LABEL = 255;

const NUMBER = '[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?';
const VALUE = new RegExp(`^(${NUMBER})([\\p{L}%°]{0,16})$`, 'u');
const PLAIN = new RegExp(`^${NUMBER}$`);
/** `10`, `10:`, `~:10`, `10:20`, each perhaps after `@`. */
const RANGE = new RegExp(`^(@?)(?:(~|${NUMBER})?(:))?(${NUMBER})?$`);

interface Scale {
  readonly unit: string;
  readonly times: number;
  /** Divided, since 9 * 0.001 is not 0.009. */
  readonly by: number;
}

/** To seconds and bytes. The plugins count 1024 bytes to a KB. */
const SCALES: ReadonlyMap<string, Scale> = new Map<string, Scale>([
  ['us', { unit: 's', times: 1, by: 1e6 }],
  ['ms', { unit: 's', times: 1, by: 1e3 }],
  ...['KB', 'MB', 'GB', 'TB'].map((name, i): [string, Scale] => [name, { unit: 'B', times: 1024 ** (i + 1), by: 1 }]),
  ...['KiB', 'MiB', 'GiB', 'TiB'].map((name, i): [string, Scale] => [
    name,
    { unit: 'B', times: 1024 ** (i + 1), by: 1 },
  ]),
]);

/**
 * `'label'=value[unit];[warn];[crit];[min];[max]`, separated by blanks, as the guidelines of the monitoring plugins have it.
 * What does not read so, and a value that is not known (`U`), is passed over. Times come out in seconds and sizes in bytes,
 * the bounds with them. Takes time in proportion to the text.
 */
export function parsePerfdata(text: string): PerfValue[] {
  const found: PerfValue[] = [];
  let at = 0;
  while (found.length < MAX_VALUES) {
    const start = after(text, at, /\S/g);
    if (start === text.length) break;
    const label = text[start] === "'" ? quotedLabel(text, start) : plainLabel(text, start);
    at = after(text, label?.end ?? start, /\s/g);
    if (label === undefined || label.text === '' || label.text.length > MAX_LABEL) continue;
    const value = perfValue(label.text, text.slice(label.end, at));
    if (value !== undefined) found.push(value);
  }
  return found;
}

/** Where the first such character stands from `at` on, or the end. */
function after(text: string, at: number, what: RegExp): number {
  what.lastIndex = at;
  return what.exec(text)?.index ?? text.length;
}

interface Label {
  readonly text: string;
  /** Behind the `=`. */
  readonly end: number;
}

/** A quote within it is written twice. */
function quotedLabel(text: string, start: number): Label | undefined {
  for (let quote = text.indexOf("'", start + 1); quote >= 0; quote = text.indexOf("'", quote + 2)) {
    if (text[quote + 1] === "'") continue;
    if (text[quote + 1] !== '=') return undefined;
    return { text: text.slice(start + 1, quote).replaceAll("''", "'"), end: quote + 2 };
  }
  return undefined;
}

function plainLabel(text: string, start: number): Label | undefined {
  const end = after(text, start, /[=\s]/g);
  return text[end] === '=' ? { text: text.slice(start, end), end: end + 1 } : undefined;
}

function perfValue(label: string, text: string): PerfValue | undefined {
  const [given = '', warn = '', crit = '', min = '', max = ''] = text.split(';', 5);
  const match = VALUE.exec(given);
  if (match === null) return undefined;
  const [, digits = '', written = ''] = match;
  const scale = SCALES.get(written) ?? { unit: written, times: 1, by: 1 };
  const value = (Number(digits) * scale.times) / scale.by;
  if (!Number.isFinite(value)) return undefined;
  return {
    label,
    value,
    unit: scale.unit,
    ...opt('warn', scaledRange(warn, scale)),
    ...opt('crit', scaledRange(crit, scale)),
    ...opt('min', scaled(min, scale)),
    ...opt('max', scaled(max, scale)),
  };
}

function opt<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function scaled(text: string, scale: Scale): number | undefined {
  const value = PLAIN.test(text) ? (Number(text) * scale.times) / scale.by : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function scaledRange(text: string, scale: Scale): string | undefined {
  const match = text === '' ? null : RANGE.exec(text);
  if (match === null) return undefined;
  if (scale.times === scale.by) return text;
  const [, at = '', low = '', colon = '', high = ''] = match;
  return `${at}${low === '~' ? low : (scaled(low, scale) ?? '')}${colon}${scaled(high, scale) ?? ''}`;
}
