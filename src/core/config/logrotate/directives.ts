import { unquoted } from './characters.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
export const SWITCHES = words(
  'compress delaycompress shred allowhardlink sharedscripts copytruncate renamecopy copy dateext ignoreduplicates',
);
/** They set nothing that matters here, but other directives may follow on their line. */
export const PLAIN = words(
  'ifempty notifempty dateyesterday datehourago mailfirst maillast missingok nomissingok hourly daily monthly yearly errors',
);
export const CLEARING = words('noolddir nocreate nocreateolddir nomail');
export const SCRIPTS = words('prerotate postrotate firstaction lastaction preremove');
/** Their values may be missing. */
export const LINES = words('su create createolddir weekly compressoptions size minsize maxsize');
export const PATHS = words('olddir compresscmd uncompresscmd compressext');
export const TEXTS = words('extension addextension mail dateformat');
export const LEAST: Readonly<Record<string, number>> = { rotate: -1, start: 0, minage: 0, maxage: 0, shredcycles: 0 };

/** What logrotate finds wrong. It ends a rule, and outside of rules the reading of the file. */
export class Wrong extends Error {
  readonly endsFile: boolean;

  constructor(what: string, endsFile = false) {
    super(what);
    this.endsFile = endsFile;
  }
}

export function checkLine(name: string, value: string, wasSet: boolean): void {
  const given = value.split(/\s+/).filter((word) => word !== '');
  const bad = new Wrong(`${name} ${value} is not understood`, name === 'weekly');
  if (name === 'weekly' && !/^0*[0-7]?$/.test(value)) throw bad;
  if (name === 'su' && (given.length > 2 || (given.length < 2 && !wasSet))) throw bad;
  if (name.startsWith('create') && given.length > (/^[0-7]+$/.test(given[0] ?? '') ? 3 : 2)) throw bad;
  if (name === 'compressoptions' && unquoted(value) === undefined) throw bad;
  if (name.endsWith('size') && !/^=?[ \t]*\+?(0x[\da-f]+|0[0-7]*|[1-9]\d*|)[kKMG]?$/i.test(value)) throw bad;
}

export function checkValue(name: string, value: string): void {
  const least = LEAST[name];
  const bad = new Wrong(`${name} ${value} is not understood`);
  if (least !== undefined && (integerOf(value) ?? least - 1) < least) throw bad;
  if (PATHS.has(name) && /[\s\p{Cc}\ufffd]/u.test(value)) throw bad;
  if (name === 'mail' && !/^[!-~]*$/.test(value)) throw bad;
}

/** As C reads an `int` in any base; `undefined` where something else follows it. */
export function integerOf(text: string): number | undefined {
  const [, sign = '', digits] = /^\s*([+-]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*|)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const read = BigInt(/^0\d/.test(digits) ? `0o${digits}` : digits);
  const largest = 2n ** 63n - 1n;
  const bounded = read > largest ? largest : read;
  return Number(BigInt.asIntN(32, sign === '-' ? -bounded : bounded));
}
