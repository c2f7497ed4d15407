import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { systemErrorSentence } from '../errors.js';
import { LOG_NAMES, logPath } from '../journal/log-files.js';

/**
 * The configuration of logrotate, read as logrotate 3.21 reads it (config.c): what it takes for an error, and what it
 * does then, decides which rule is in force. Of its directives those are kept that say what becomes of a log.
 */
export interface Configuration {
  /** In the order in which logrotate takes them: of two that name the same log, the first. */
  readonly rules: readonly Rule[];
  /** Rules that logrotate passes over. */
  readonly ignored: readonly (Rule & { readonly why: string })[];
  /** Files and directories that could not be read. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  /** The first directory that is included: a new rule belongs there. */
  readonly directory: string | undefined;
}

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** `value` is empty for a switch. */
export interface Setting extends Place {
  readonly value: string;
}

/** Several patterns and what holds for the files they name. Directives that are off are not there. */
export interface Rule extends Place {
  readonly patterns: readonly string[];
  readonly settings: ReadonlyMap<string, Setting>;
}

/** What a path of the configuration leads to. */
export type Opened =
  | { readonly kind: 'directory'; readonly names: readonly string[] }
  /** `text`: a character for each byte. `refused`: why logrotate does not take a file from there. */
  | { readonly kind: 'file'; readonly text: string; readonly refused?: string | undefined }
  | { readonly kind: 'other' };

/** The machine, as far as reading the configuration needs it. */
export interface ConfigHost {
  /** Throws what the system says. */
  open(path: string): Opened;
  /** The home directory of an account; of the one that runs logrotate, where none is named. */
  home(user: string): string | undefined;
}

/** logrotate's own bounds; and one on files, since a directory may include itself. */
const MAX_NESTING = 16;
const MAX_FILE_BYTES = 0xffffff;
const MAX_FILES = 1000;
/** Directory entries looked at for one pattern. */
const MAX_ENTRIES = 10_000;

const TABOO_ENDINGS =
  ',v .bak .cfsaved .disabled .dpkg-bak .dpkg-del .dpkg-dist .dpkg-new .dpkg-old .dpkg-tmp .rhn-cfg-tmp-* .rpmnew .rpmorig .rpmsave .swp .ucf-dist .ucf-new .ucf-old ~';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const SWITCHES = words(
  'compress delaycompress shred allowhardlink sharedscripts copytruncate renamecopy copy dateext ignoreduplicates',
);
/** They set nothing that matters here, but other directives may follow on their line. */
const PLAIN = words(
  'ifempty notifempty dateyesterday datehourago mailfirst maillast missingok nomissingok hourly daily monthly yearly errors',
);
const CLEARING = words('noolddir nocreate nocreateolddir nomail');
const SCRIPTS = words('prerotate postrotate firstaction lastaction preremove');
/** Their values may be missing. */
const LINES = words('su create createolddir weekly compressoptions size minsize maxsize');
const PATHS = words('olddir compresscmd uncompresscmd compressext');
const TEXTS = words('extension addextension mail dateformat');
const LEAST: Readonly<Record<string, number>> = { rotate: -1, start: 0, minage: 0, maxage: 0, shredcycles: 0 };

const BLANK = ' \t';
const SPACE = ' \t\n\v\f\r';

export function readConfiguration(root: string): Configuration {
  // Whose configuration it is runs logrotate. Only root's takes nothing from files that others may write.
  const runner = orUndefined(() => statSync(root).uid);
  return parseConfiguration(root, {
    open: (path) => openOnDisk(path, runner === 0),
    home: (user) => homeOnDisk(user, runner),
  });
}

export function parseConfiguration(root: string, host: ConfigHost): Configuration {
  const reading = new Reading(host);
  reading.path(root, '/', new Map());
  return reading;
}

interface OpenRule extends Rule {
  patterns: string[];
  readonly settings: Map<string, Setting>;
}

class Reading implements Configuration {
  readonly rules: OpenRule[] = [];
  readonly ignored: (Rule & { why: string })[] = [];
  readonly unread: { path: string; why: string }[] = [];
  readonly host: ConfigHost;
  directory: string | undefined;
  taboo = TABOO_ENDINGS.split(' ').map((ending) => `*${ending}`);
  #depth = 0;
  #files = 0;

  constructor(host: ConfigHost) {
    this.host = host;
  }

  /** A file, or the files of a directory; answers whether logrotate would find them sound. */
  path(path: string, cwd: string, settings: Map<string, Setting>): boolean {
    const opened = this.#open(path);
    if (opened?.kind !== 'directory') return this.#file(path, opened, cwd, settings);
    this.directory ??= path;
    const names = opened.names.filter((name) => !this.taboo.some((pattern) => matchesName(pattern, name))).sort();
    return names
      .map((name) => join(path, name))
      .map((file) => this.#file(file, this.#open(file), path, settings))
      .every((sound) => sound);
  }

  include(path: string, cwd: string, settings: Map<string, Setting>): boolean {
    if (this.#depth >= MAX_NESTING) {
      this.unread.push({ path, why: `it is included ${MAX_NESTING} levels deep` });
      return false;
    }
    this.#depth++;
    try {
      return this.path(path, cwd, settings);
    } finally {
      this.#depth--;
    }
  }

  drop(why: string): void {
    const rule = this.rules.pop();
    if (rule) this.ignored.push({ ...rule, why });
  }

  #file(path: string, opened: Opened | undefined, cwd: string, settings: Map<string, Setting>): boolean {
    if (opened === undefined) return false;
    if (opened.kind !== 'file') return true;
    const before = new Map(settings);
    const first = this.rules.length;
    const sound = new FileReading(this, path, opened.text, cwd, settings).read();
    if (opened.refused !== undefined) while (this.rules.length > first) this.drop(opened.refused);
    if (!sound || opened.refused !== undefined) {
      settings.clear();
      for (const [name, setting] of before) settings.set(name, setting);
      // A rule that includes such a file forgets what it is about.
      for (const rule of this.rules) if (rule.settings === settings) rule.patterns = [];
    }
    return sound || opened.refused !== undefined;
  }

  #open(path: string): Opened | undefined {
    if (++this.#files > MAX_FILES) {
      if (this.#files === MAX_FILES + 1) this.unread.push({ path, why: `${MAX_FILES} files come before it` });
      return undefined;
    }
    try {
      return this.host.open(path);
    } catch (error) {
      const why = systemErrorSentence(error);
      if (why === undefined) throw error;
      // What is not there says nothing.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.unread.push({ path, why });
      return undefined;
    }
  }
}

/** What logrotate finds wrong. It ends a rule, and outside of rules the reading of the file. */
class Wrong extends Error {
  readonly endsFile: boolean;

  constructor(what: string, endsFile = false) {
    super(what);
    this.endsFile = endsFile;
  }
}

/** One file, read character by character: logrotate's steps, since an error is passed over in its own way. */
class FileReading {
  readonly #reading: Reading;
  readonly #path: string;
  readonly #text: string;
  readonly #cwd: string;
  readonly #globals: Map<string, Setting>;
  #rule: OpenRule | undefined;
  #at = 0;
  #line: { at: number; n: number } = { at: 0, n: 1 };
  #sound = true;

  constructor(reading: Reading, path: string, text: string, cwd: string, globals: Map<string, Setting>) {
    this.#reading = reading;
    this.#path = path;
    this.#text = text;
    this.#cwd = cwd;
    this.#globals = globals;
  }

  read(): boolean {
    for (; this.#at < this.#text.length; this.#at++) {
      try {
        this.#step();
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        const why = `${error.message} (line ${this.#lineNow()})`;
        const ends = error.endsFile || !this.#rule;
        if (ends && this.#rule) this.#reading.drop(why);
        if (ends) return false;
        this.#sound = false;
        this.#passOverRule(why);
      }
    }
    return this.#sound;
  }

  #step(): void {
    const char = this.#text.charAt(this.#at);
    if (isIn(BLANK, char) || char === '\n') return;
    if (char === '#') this.#toEndOfLine();
    else if (/[A-Za-z]/.test(char)) this.#directive();
    else if (isIn('/"\'~', char)) this.#openRule();
    else if (char === '}') this.#closeRule();
    else throw new Wrong('a line begins with neither a directive nor a file');
  }

  #directive(): void {
    const line = this.#lineNow();
    const name = this.#word();
    const next = this.#text.charAt(this.#at);
    if (next !== '=' && !isIn(SPACE, next)) throw new Wrong(`${name} is not followed by a space`);
    const settings = this.#rule?.settings ?? this.#globals;
    const set = (value: string) => settings.set(name, { file: this.#path, line, value });
    if (SWITCHES.has(name)) {
      set('');
      if (name === 'copytruncate') settings.delete('renamecopy');
      if (name === 'renamecopy') settings.delete('copytruncate');
    } else if (CLEARING.has(name) || (name.startsWith('no') && SWITCHES.has(name.slice(2)))) {
      settings.delete(name.slice(2));
    } else if (SCRIPTS.has(name)) {
      if (!this.#passOverScript()) throw new Wrong(`${name} without endscript`, true);
    } else if (name === 'tabooext' || name === 'taboopat') this.#setTaboo(name);
    else if (name === 'include') this.#include(settings);
    else if (LINES.has(name)) {
      const value = this.#restOfLine().trimStart();
      checkLine(name, value, settings.has(name));
      set(value);
    } else if (PATHS.has(name) || TEXTS.has(name) || name in LEAST) {
      const value = this.#value();
      if (value === undefined && name === 'dateformat') settings.delete(name);
      else if (value === undefined) throw new Wrong(`${name} has no value`);
      else {
        // A number counts even where it ends the rule, a path does not.
        if (name in LEAST) set(value);
        else settings.delete(name);
        checkValue(name, value);
        set(name === 'olddir' ? this.#homeward(value) : value);
      }
    } else if (!PLAIN.has(name)) this.#toEndOfLine();
  }

  #include(settings: Map<string, Setting>): void {
    const value = this.#value();
    if (value === undefined) throw new Wrong('include has no value');
    if (!this.#reading.include(resolve(this.#cwd, this.#homeward(value)), this.#cwd, settings)) this.#sound = false;
  }

  #setTaboo(name: 'tabooext' | 'taboopat'): void {
    if (this.#rule) throw new Wrong(`${name} inside of a rule`);
    const value = this.#value();
    if (value === undefined) return;
    const added = value.startsWith('+');
    const patterns = value
      .slice(added ? 1 : 0)
      .split(/[\s,]+/)
      .filter((pattern) => pattern !== '')
      .map((pattern) => (name === 'tabooext' ? `*${pattern}` : pattern));
    this.#reading.taboo = added ? [...this.#reading.taboo, ...patterns] : patterns;
  }

  #openRule(): void {
    if (this.#rule) throw new Wrong('a file is named inside of a rule');
    // It holds all that the globals say so far, but for this, which logrotate forgets to hand on.
    const settings = new Map(this.#globals);
    settings.delete('addextension');
    const rule: OpenRule = { file: this.#path, line: this.#lineNow(), patterns: [], settings };
    this.#rule = rule;
    this.#reading.rules.push(rule);
    const patterns = unquoted(this.#untilBrace());
    if (patterns === undefined || patterns.length === 0) throw new Wrong('no file is named before {', true);
    rule.patterns = patterns.map((pattern) => resolve(this.#cwd, this.#fromHome(asUtf8(pattern))));
  }

  /** What stands before the `{`, without the comments. */
  #untilBrace(): string {
    let names = '';
    for (let state = 'begin'; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (state !== 'begin') state = char === '\n' ? 'begin' : state;
      else if (char === '#') state = 'comment';
      else if (!isIn(SPACE, char)) state = 'names';
      if (state === 'comment') continue;
      if (char === '{') return names;
      if (char === '}') throw new Wrong('} without {', true);
      names += char;
    }
    throw new Wrong('no { after the names of files', true);
  }

  #closeRule(): void {
    if (!this.#rule) throw new Wrong('} without {');
    this.#rule = undefined;
    this.#at++;
    while (isIn(BLANK, this.#text.charAt(this.#at))) this.#at++;
    if (this.#text.charAt(this.#at) !== '\n') this.#toEndOfLine();
  }

  /** As logrotate does it after an error: the next character is not looked at, nor is a `}` behind a space. */
  #passOverRule(why: string): void {
    for (this.#at += 2; this.#at < this.#text.length; this.#at++) {
      if (this.#text.charAt(this.#at) === '}') {
        this.#reading.drop(why);
        this.#rule = undefined;
        return;
      }
      if (SCRIPTS.has(this.#word())) this.#passOverScript();
      else if (this.#text.charAt(this.#at) !== '\n') this.#toEndOfLine();
    }
  }

  /** Answers whether it has an end. */
  #passOverScript(): boolean {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      if (this.#word() === 'endscript') return true;
      if (this.#text.charAt(this.#at) !== '\n') this.#toEndOfLine();
    }
    return false;
  }

  #word(): string {
    while (isIn(BLANK, this.#text.charAt(this.#at))) this.#at++;
    const start = this.#at;
    while (/[A-Za-z]/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** `undefined` when the line ends before it. */
  #value(): string | undefined {
    let at = this.#at;
    const skipBlanks = () => {
      while (isIn(BLANK, this.#text.charAt(at))) at++;
    };
    skipBlanks();
    if (this.#text.charAt(at) === '=') {
      at++;
      skipBlanks();
    }
    if (this.#text.charAt(at) === '\n') return undefined;
    this.#at = at;
    return this.#restOfLine();
  }

  #restOfLine(): string {
    const start = this.#at;
    this.#at = this.#endOfLine(start) - 1;
    return asUtf8(trimmedEnd(this.#text.slice(start, this.#at + 1)));
  }

  #toEndOfLine(): void {
    this.#at = this.#endOfLine(this.#at);
  }

  #endOfLine(from: number): number {
    const end = this.#text.indexOf('\n', from);
    return end === -1 ? this.#text.length : end;
  }

  #lineNow(): number {
    for (; this.#line.at < this.#at; this.#line.at++) if (this.#text[this.#line.at] === '\n') this.#line.n++;
    return this.#line.n;
  }

  #homeward(path: string): string {
    return path.startsWith('~/') ? this.#fromHome(path) : path;
  }

  #fromHome(path: string): string {
    if (!path.startsWith('~')) return path;
    const [name = ''] = path.slice(1).split('/', 1);
    const home = this.#reading.host.home(name);
    return home === undefined ? path : `${home}${path.slice(1 + name.length)}`;
  }
}

/** An empty text is in nothing. */
function isIn(set: string, char: string): boolean {
  return char !== '' && set.includes(char);
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (isIn(SPACE, text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function asUtf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function checkLine(name: string, value: string, wasSet: boolean): void {
  const given = value.split(/\s+/).filter((word) => word !== '');
  const bad = new Wrong(`${name} ${value} is not understood`, name === 'weekly');
  if (name === 'weekly' && !/^0*[0-7]?$/.test(value)) throw bad;
  if (name === 'su' && (given.length > 2 || (given.length < 2 && !wasSet))) throw bad;
  if (name.startsWith('create') && given.length > (/^[0-7]+$/.test(given[0] ?? '') ? 3 : 2)) throw bad;
  if (name === 'compressoptions' && unquoted(value) === undefined) throw bad;
  if (name.endsWith('size') && !/^=?[ \t]*\+?(0x[\da-f]+|0[0-7]*|[1-9]\d*|)[kKMG]?$/i.test(value)) throw bad;
}

function checkValue(name: string, value: string): void {
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

/** Words as popt takes them out of quotes; `undefined` when the text ends with a backslash. */
function unquoted(text: string): string[] | undefined {
  const found: string[] = [];
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    let char = text.charAt(i);
    if (char === quote) quote = '';
    else if (quote === '' && isIn(SPACE, char)) {
      if (word !== '') found.push(word);
      word = '';
    } else if (quote === '' && isIn('"\'', char)) quote = char;
    else {
      if (char === '\\') {
        char = text.charAt(++i);
        if (char === '') return undefined;
        if (quote !== '' && char !== quote) word += '\\';
      }
      word += char;
    }
  }
  return word === '' ? found : [...found, word];
}

/**
 * How a pattern names a file: by its path, whether or not it is there yet, or by another name of its directory (a symbolic
 * link), which is another log to logrotate. `path` is absolute, and real. As with glob(3), `*`, `?` and `[…]` stop at a
 * `/`, and `{…}` is nothing special.
 */
export function namesFile(pattern: string, path: string): 'path' | 'alias' | undefined {
  const parts = partsOf(pattern);
  const last = parts.pop();
  const dir = dirname(path);
  if (last === undefined || !matchesName(last, basename(path))) return undefined;
  const spelled = partsOf(dir);
  if (parts.length === spelled.length && parts.every((part, i) => matchesName(part, spelled[i] ?? ''))) return 'path';
  return leadsTo(dir, '/', parts, { entries: MAX_ENTRIES }) ? 'alias' : undefined;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether the pattern's directories, looked up on the disk from `at` on, lead to `dir`. */
function leadsTo(dir: string, at: string, parts: readonly string[], left: { entries: number }): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return orUndefined(() => realpathSync(at)) === dir;
  if (!/[*?[\\]/.test(part)) return leadsTo(dir, join(at, part), rest, left);
  const names = orUndefined(() => readdirSync(at)) ?? [];
  return names.some(
    (name) => left.entries-- > 0 && matchesName(part, name) && leadsTo(dir, join(at, name), rest, left),
  );
}

type Piece = 'many' | ((char: string) => boolean);

/** fnmatch(3) with FNM_PERIOD. Takes at most as many steps as the product of the two lengths. */
function matchesName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !/^\\?\./.test(pattern)) return false;
  const pieces = piecesOf([...pattern]);
  const chars = [...name];
  let at = 0;
  let piece = 0;
  let many: { readonly piece: number; at: number } | undefined;
  while (at < chars.length) {
    const wanted = pieces[piece];
    if (wanted === 'many') many = { piece: piece++, at };
    else if (wanted?.(chars[at] ?? '')) {
      piece++;
      at++;
    } else if (many) {
      piece = many.piece + 1;
      at = ++many.at;
    } else return false;
  }
  return pieces.slice(piece).every((left) => left === 'many');
}

function piecesOf(chars: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let i = 0; i < chars.length; i++) {
    const set = chars[i] === '[' ? setAt(chars, i) : undefined;
    if (set) {
      pieces.push(set.has);
      i = set.end;
    } else if (chars[i] === '*') pieces.push('many');
    else if (chars[i] === '?') pieces.push(() => true);
    else {
      if (chars[i] === '\\' && i + 1 < chars.length) i++;
      const char = chars[i];
      pieces.push((other) => other === char);
    }
  }
  return pieces;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** A `[…]` as the test of one character; `undefined` when it has no end and is only a `[`. */
function setAt(chars: readonly string[], open: number): { has: (char: string) => boolean; end: number } | undefined {
  const negated = chars[open + 1] === '!' || chars[open + 1] === '^';
  const first = open + (negated ? 2 : 1);
  let members = '';
  for (let i = first; i < chars.length; i++) {
    if (chars[i] === ']' && i > first) return { end: i, has: testOf(`[${negated ? '^' : ''}${members}]`) };
    const [whole, name = ''] = /^\[:([a-z]{1,8}):\]/.exec(chars.slice(i, i + 12).join('')) ?? [];
    const isRange = chars[i] === '-' && i > first && chars[i + 1] !== ']';
    if (whole === undefined && chars[i] === '\\') i++;
    members += whole === undefined ? (isRange ? '-' : escaped(chars[i] ?? '')) : (CLASSES[name] ?? '');
    if (whole !== undefined) i += whole.length - 1;
  }
  return undefined;
}

function escaped(char: string): string {
  return /[\^\-\]\\[]/.test(char) ? `\\${char}` : char;
}

function testOf(set: string): (char: string) => boolean {
  try {
    const pattern = new RegExp(`^${set}$`, 'u');
    return (char) => pattern.test(char);
  } catch {
    // A range that ends before it begins holds nothing.
    return () => false;
  }
}

function openOnDisk(path: string, asRoot: boolean): Opened {
  const stat = statSync(path);
  if (stat.isDirectory()) return { kind: 'directory', names: readdirSync(path) };
  // A pipe would wait for a writer.
  if (!stat.isFile() || stat.size > MAX_FILE_BYTES) return { kind: 'other' };
  const text = readFileSync(path, 'latin1');
  if (!asRoot) return { kind: 'file', text };
  if ((stat.mode & 0o022) !== 0) return { kind: 'file', text, refused: 'others than its owner may write to the file' };
  return { kind: 'file', text, refused: stat.uid === 0 ? undefined : 'the file does not belong to root' };
}

function homeOnDisk(user: string, runner: number | undefined): string | undefined {
  const accounts = orUndefined(() => readFileSync('/etc/passwd', 'utf8'))?.split('\n') ?? [];
  return accounts
    .map((line) => line.split(':'))
    .find(([name, , uid]) => (user === '' ? uid === String(runner) : name === user))?.[5];
}

/** `undefined` when the system says no. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (systemErrorSentence(error) === undefined) throw error;
    return undefined;
  }
}

/** The account that a directory belongs to, and its group. */
export interface Owner {
  readonly user: string;
  readonly group: string;
}

/**
 * A rule that is right for the logs of a directory, whatever the globals say: it renames, leaves it to grace to make the
 * new file, and removes nothing. Names by date are given once and for all; but where old files have numbers new ones
 * must have them too, since files with a date count as older.
 */
export function rightConfiguration(dir: string, owner: Owner | undefined, by: 'date' | 'number'): string {
  const directives = [
    ...(owner === undefined ? [] : [`su ${owner.user} ${owner.group}`]),
    'monthly',
    'rotate 1000',
    'maxage 0',
    ...(by === 'date' ? ['dateext', 'dateformat -%Y%m%d-%s'] : ['nodateext', 'start 1']),
    'missingok',
    'notifempty',
    'nocreate',
    'noolddir',
    'nocopy',
    'nocopytruncate',
    'norenamecopy',
    'nocompress',
    'noshred',
    'ignoreduplicates',
  ];
  const patterns = LOG_NAMES.map((log) => quotedPattern(logPath(dir, log)));
  return `${patterns.join('\n')} {\n${directives.map((line) => `    ${line}\n`).join('')}}\n`;
}

/** As a pattern that names this very file. logrotate knows no way to write a brace: a wildcard stands for it. */
function quotedPattern(path: string): string {
  const pattern = path
    .replace(/[*?[\]\\"]/g, '\\$&')
    .replace(/[{}]/g, '?')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/gu, '*');
  return `"${pattern}"`;
}
