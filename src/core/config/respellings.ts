import { cronSpelled } from './cron-spelled.js';
import { durationSpelled, sharesSpelled, sizesSpelled } from './spelled-units.js';

/** Longer texts are no small mistakes. */
const MAX_LENGTH = 256;
/** What only a shell would take apart rightly. */
const FOR_A_SHELL = /['"\\$`|&;<>*?(){}]/;

/**
 * What may have been meant by a value that was refused, whatever the field: groups of guesses, the likeliest first. What the
 * field does not take is left out by the caller; what is left of one group is equally likely.
 */
export function respellings(value: unknown): (readonly unknown[])[] {
  if (Array.isArray(value)) return ofList(value);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return [];
  const text = String(value);
  if (text.length > MAX_LENGTH) return [];
  const single = ofText(text);
  const parts = split(text);
  const lists = [...parts, ...(/\s/.test(text) ? [] : [value, ...single.flat()].map((one) => [one]))];
  return [...single, ...lists.map((list) => [list]), ...programSpelled(parts[0] ?? [text])];
}

/** A program without its path most often lies there. */
function programSpelled([program, ...more]: readonly unknown[]): (readonly unknown[])[] {
  return /^[a-z][A-Za-z0-9._+-]{1,63}$/.test(String(program)) ? [[[`/usr/bin/${program}`, ...more]]] : [];
}

function ofList(list: readonly unknown[]): (readonly unknown[])[] {
  const [only, second, ...more] = list;
  if (list.length === 1) return [[only]];
  return more.length === 0 && typeof only === 'number' && typeof second === 'number' ? [[`${only} of ${second}`]] : [];
}

function ofText(text: string): (readonly unknown[])[] {
  const trimmed = text.trim();
  return [
    [otherKind(trimmed)],
    [trimmed],
    ...durationSpelled(trimmed),
    sharesSpelled(trimmed),
    sizesSpelled(trimmed),
    confirmSpelled(trimmed),
    capSpelled(trimmed),
    [cronSpelled(trimmed)],
    [afterColon(trimmed)],
    [addressSpelled(trimmed)],
    [digestSpelled(trimmed)],
    [pathSpelled(trimmed)],
  ].map((group) => group.filter((guess) => guess !== undefined));
}

/** A number or a boolean that was written as a text. */
function otherKind(text: string): number | boolean | undefined {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (/^(true|yes|on)$/i.test(text)) return true;
  return /^(false|no|off)$/i.test(text) ? false : undefined;
}

function confirmSpelled(text: string): string[] {
  const [, need, of = need] = /^(\d+)(?:\s*(?:of|out of|\/|in|-of-|:)\s*(\d+))?$/i.exec(text) ?? [];
  if (need === undefined || of === undefined) return [];
  return [Number(need) > Number(of) ? `${of} of ${need}` : `${need} of ${of}`];
}

function capSpelled(text: string): string[] {
  const [, most, within = '1h'] = /^(\d+)(?:\s*(?:\/|per|in|times per)\s*(.+))?$/i.exec(text) ?? [];
  if (most === undefined) return [];
  const [[spelled] = []] = durationSpelled(/^\d/.test(within) ? within : `1${within}`);
  return spelled === undefined ? [] : [`${most}/${spelled}`];
}

/** `127.0.0.1:8080` where only a port is wanted. */
function afterColon(text: string): number | undefined {
  const digits = /^\S*:(\d{1,5})$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function digestSpelled(text: string): string | undefined {
  return /^[\da-f]{64}$/i.test(text) ? text.toLowerCase() : undefined;
}

/** `localhost:8080/health` */
function addressSpelled(text: string): string | undefined {
  return /^(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[[\da-f:]+\])(:\d+)?(\/\S*)?$/i.test(text)
    ? `http://${text}`
    : undefined;
}

/** `var/log/web.log`, and what climbs up within a whole path. */
function pathSpelled(text: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*\/\S+$/.test(text) && !text.includes('..')) return `/${text}`;
  if (!text.startsWith('/')) return undefined;
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Several in one text: with commas, or as one types a command. */
function split(text: string): (readonly unknown[])[] {
  if (FOR_A_SHELL.test(text)) return [];
  const parts = text
    .trim()
    .split(text.includes(',') ? /\s*,\s*/ : /\s+/)
    .filter((part) => part !== '');
  if (parts.length < 2) return [];
  return [parts, parts.map((part) => otherKind(part) ?? part)];
}
