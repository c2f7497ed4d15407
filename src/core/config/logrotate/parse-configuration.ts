import { join } from 'node:path';
import { systemErrorSentence } from '../../errors.js';
import type { ConfigHost, Configuration, Opened, Rule, Setting } from './configuration.js';
import { FileReading, type OpenRule } from './file-reading.js';
import { matchesName } from './matches-name.js';

/** logrotate's own bounds; and one on files, since a directory may include itself. */
const MAX_NESTING = 16;
const MAX_FILES = 1000;

const TABOO_ENDINGS =
  ',v .bak .cfsaved .disabled .dpkg-bak .dpkg-del .dpkg-dist .dpkg-new .dpkg-old .dpkg-tmp .rhn-cfg-tmp-* .rpmnew .rpmorig .rpmsave .swp .ucf-dist .ucf-new .ucf-old ~';

export function parseConfiguration(root: string, host: ConfigHost): Configuration {
  const reading = new Reading(host);
  reading.path(root, '/', new Map());
  return reading;
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
