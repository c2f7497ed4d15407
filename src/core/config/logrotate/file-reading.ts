import { resolve } from 'node:path';
import { asUtf8, BLANK, isIn, SPACE, trimmedEnd, unquoted } from './characters.js';
import type { ConfigHost, Rule, Setting } from './configuration.js';
import {
  CLEARING,
  checkLine,
  checkValue,
  LEAST,
  LINES,
  PATHS,
  PLAIN,
  SCRIPTS,
  SWITCHES,
  TEXTS,
  Wrong,
} from './directives.js';

export interface OpenRule extends Rule {
  patterns: string[];
  readonly settings: Map<string, Setting>;
}

/** The reading that one file belongs to. */
interface Surroundings {
  readonly host: ConfigHost;
  readonly rules: OpenRule[];
  /** Patterns of names that an included directory passes over. */
  taboo: string[];
  /** Answers whether logrotate would find it sound. */
  include(path: string, cwd: string, settings: Map<string, Setting>): boolean;
  /** Passes over the last rule. */
  drop(why: string): void;
}

/** One file, read character by character: logrotate's steps, since an error is passed over in its own way. */
export class FileReading {
  readonly #reading: Surroundings;
  readonly #path: string;
  readonly #text: string;
  readonly #cwd: string;
  readonly #globals: Map<string, Setting>;
  #rule: OpenRule | undefined;
  #at = 0;
  #line: { at: number; n: number } = { at: 0, n: 1 };
  #sound = true;

  constructor(reading: Surroundings, path: string, text: string, cwd: string, globals: Map<string, Setting>) {
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
