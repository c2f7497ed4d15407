import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Configuration, Place, Rule } from '../core/config/logrotate/configuration.js';
import { integerOf } from '../core/config/logrotate/directives.js';
import { namesFile } from '../core/config/logrotate/names-file.js';
import { readConfiguration } from '../core/config/logrotate/read-configuration.js';
import { type Owner, rightConfiguration } from '../core/config/logrotate/right-configuration.js';
import { effectiveUid } from '../core/host/account.js';
import { accountName, inspectDirectory } from '../core/journal/directory.js';
import { LOG_FILE, LOG_NAMES, type LogName, logPath } from '../core/journal/log-files.js';
import { orderSegments } from '../core/journal/segments.js';
import { shellArguments, shellQuoted } from '../core/shell-quoted.js';
import type { Context } from './context.js';
import type { Finding } from './doctor-finding.js';

/** Stands before all others in its directory: of two rules for one file logrotate follows the one that it reads first. */
const RULE_FILE = '00-grace';
/** So many old files do not come together while a host lives. */
const KEEPS_ALL = 1000;
const UNREAD_SHOWN = 3;

interface LogDirectory {
  /** Without symbolic links. */
  readonly dir: string;
  readonly uid: number;
  readonly gid: number;
  /** Whether it holds old files with numbers. */
  readonly numbered: boolean;
}

/** What a rule does to a log that grace cannot follow. */
interface Fault {
  readonly state: 'notice' | 'bad';
  readonly text: string;
}

/** What logrotate's configuration has in store for the logs. */
export function logrotateFindings(ctx: Context, dir: string): Finding[] {
  const named = ctx.env.GRACE_LOGROTATE_CONF;
  const root = resolve(ctx.cwd, named || '/etc/logrotate.conf');
  if (named && !existsSync(root)) {
    return [notice(`there is no configuration of logrotate at ${root}`, `ls -ld ${shellArguments(dirname(root))}`)];
  }
  const configuration = readConfiguration(root);
  const logs = logDirectory(dir);
  const inForce = new Map<Rule, LogName[]>();
  const doubled = new Map<Rule, Rule>();
  for (const log of LOG_NAMES) {
    const [first, ...others] = configuration.rules.filter((rule) => namedBy(rule, logs, log) === 'path');
    const aliases = configuration.rules.filter((rule) => namedBy(rule, logs, log) === 'alias');
    for (const rule of first ? [first, ...aliases] : aliases) inForce.set(rule, [...(inForce.get(rule) ?? []), log]);
    if (first && !first.settings.has('ignoreduplicates')) for (const other of others) doubled.set(other, first);
  }
  const see = `logrotate -d ${shellArguments(root)}`;
  const none: Finding = { about: 'rotation', state: 'good', text: 'no rule of logrotate names these logs' };
  return [
    ...(inForce.size === 0 && configuration.unread.length === 0 ? [none] : []),
    ...[...inForce].flatMap(([rule, names]) => ruleFindings(rule, names, logs, mendOf(dir, root, configuration, rule))),
    ...[...doubled].map(([other, first]) =>
      notice(`${placed(other)} names these logs too: logrotate says so and follows ${placed(first)}`, see),
    ),
    ...configuration.ignored
      .filter((rule) => LOG_NAMES.some((log) => namedBy(rule, logs, log)))
      .map((rule) => notice(`${placed(rule)} names these logs, and logrotate passes it over: ${rule.why}`, see)),
    ...unreadFindings(configuration, dir),
  ];
}

/** The rule that is right for these logs, to be put where logrotate finds it. */
export function printRule(ctx: Context, dir: string): void {
  const logs = logDirectory(dir);
  const owner: Owner = { user: accountName(logs.uid), group: groupName(logs.gid) ?? '' };
  // logrotate takes neither a number for an account that has no name nor quotes.
  const named = [owner.user, owner.group].every((name) => /^\w[!-~]*$/.test(name));
  ctx.out.write(rightConfiguration(logs.dir, named ? owner : undefined, logs.numbered ? 'number' : 'date'));
}

function notice(text: string, mend: string): Finding {
  return { about: 'rotation', state: 'notice', text, mend };
}

function namedBy(rule: Rule, { dir }: LogDirectory, log: LogName): 'path' | 'alias' | undefined {
  const ways = rule.patterns.map((pattern) => namesFile(pattern, logPath(dir, log)));
  return ways.find((way) => way === 'path') ?? ways.find((way) => way === 'alias');
}

function ruleFindings(rule: Rule, names: readonly LogName[], logs: LogDirectory, mend: string): Finding[] {
  const about = 'rotation';
  const [only, second] = names;
  const which = only === undefined || second !== undefined ? 'both logs' : LOG_FILE[only];
  const subject = `${placed(rule)} rotates ${which}`;
  const faults = new Map(names.flatMap((log) => faultsOf(rule, log, logs)).map((fault) => [fault.text, fault]));
  if (faults.size === 0) return [{ about, state: 'good', text: `${subject} by rename` }];
  return [...faults.values()].map(({ state, text }) => ({ about, state, text: `${subject}: ${text}`, mend }));
}

function faultsOf(rule: Rule, log: LogName, logs: LogDirectory): Fault[] {
  const { settings } = rule;
  const faults: Fault[] = [];
  const at = (name: string) => {
    const setting = settings.get(name);
    if (!setting) return name;
    const where = setting.file === rule.file ? `line ${setting.line}` : placed(setting);
    return `${`${name} ${setting.value}`.trim()} (${where})`;
  };
  const bad = (text: string) => void faults.push({ state: 'bad', text });
  const worthKnowing = (text: string) => void faults.push({ state: 'notice', text });
  const number = (name: string) => integerOf(settings.get(name)?.value ?? '0') ?? 0;

  const cuts = settings.has('copytruncate');
  const copies = settings.has('copy');
  if (cuts) bad(`${at('copytruncate')} loses the lines that are written between the copy and the cut`);
  else if (copies) bad(`${at('copy')} leaves the log as it is, and grace takes the copy for an older part of it`);
  else if (settings.has('renamecopy')) bad(`${at('renamecopy')} loses the lines that are still written after the copy`);
  if (!cuts && !copies) faults.push(...newFileFaults(rule, logs, at));

  const olddir = settings.get('olddir');
  if (olddir && resolve(logs.dir, olddir.value) !== logs.dir)
    bad(`${at('olddir')} is a place where grace does not look`);
  faults.push(...nameFaults(rule, log, logs, at));

  const kept = number('rotate');
  const days = number('maxage');
  if (kept === 0)
    bad(`${settings.has('rotate') ? at('rotate') : 'no rotate is set, which'} removes a log as soon as it is rotated`);
  else if (kept > 0 && kept < KEEPS_ALL) worthKnowing(`${at('rotate')} removes older files, and the evidence in them`);
  if (days > 0) worthKnowing(`${at('maxage')} removes older files, and the evidence in them`);
  if (settings.has('compress'))
    worthKnowing(`${at('compress')} makes old files unreadable to grace: they count as removed`);
  const removes = kept >= 0 && kept < KEEPS_ALL;
  if (settings.has('shred') && (removes || days > 0 || settings.has('compress')))
    bad(`${at('shred')} overwrites what it removes: nothing brings it back`);
  return faults;
}

type At = (name: string) => string;

/** A file that logrotate makes has to be one that grace would write to. */
function newFileFaults({ settings }: Rule, { uid }: LogDirectory, at: At): Fault[] {
  const [, octal = '640', user] = /^\s*([0-7]+(?=\s|$))?\s*(\S+)?/.exec(settings.get('create')?.value ?? '') ?? [];
  const mode = Number.parseInt(octal, 8);
  const refused = (why: string): Fault[] => [
    { state: 'bad', text: `${at('create')} makes a file that grace refuses: ${why}` },
  ];
  if ((mode & 0o002) !== 0) return refused('everybody may write to it');
  if ((mode & 0o200) === 0) return refused('its owner may not write to it');
  if (user !== undefined && user !== String(uid) && user !== accountName(uid)) return refused(`it belongs to ${user}`);
  return [];
}

/** Rotated files have to have names that grace reads, in the order of their age. */
function nameFaults({ settings }: Rule, log: LogName, logs: LogDirectory, at: At): Fault[] {
  const format = settings.has('dateext') ? (settings.get('dateformat')?.value ?? '-%Y%m%d') : undefined;
  const start = integerOf(settings.get('start')?.value ?? '1') ?? 1;
  let stem: string = LOG_FILE[log];
  let ending = '';
  let cause = format === undefined ? 'start' : settings.has('dateformat') ? 'dateformat' : 'dateext';
  for (const name of ['addextension', 'extension']) {
    const extension = settings.get(name)?.value ?? '';
    const has = extension !== '' && stem.endsWith(extension);
    if (has) stem = stem.slice(0, -extension.length);
    if (extension === '' || (name === 'extension' && !has)) continue;
    ending = extension;
    cause = name;
  }
  const rotated = `${stem}${format === undefined ? `.${start}` : exampleOf(format)}${ending}`;
  const bad = (text: string): Fault[] => [{ state: 'bad', text: `${at(cause)} gives names ${text}` }];
  if (rotated === LOG_FILE[log] || orderSegments(LOG_FILE[log], [rotated]).length === 0)
    return bad(`such as ${rotated}, which grace does not read`);
  if (format === undefined) return [];
  if (!sortsByTime(format)) return bad(`such as ${rotated}, which do not sort by time`);
  return logs.numbered ? bad('with a date, which count as older than the numbered files that are there') : [];
}

const DIGITS: Readonly<Record<string, string>> = {
  '%Y': '2026',
  '%m': '11',
  '%d': '20',
  '%H': '14',
  '%M': '05',
  '%S': '09',
  '%V': '47',
  '%s': '1795183509',
};

function exampleOf(format: string): string {
  return format.trimStart().replace(/%[YmdHMSVs]/g, (part) => DIGITS[part] ?? part);
}

/** `%s` alone does; else year, month and day come first, and what follows goes on downwards. */
function sortsByTime(format: string): boolean {
  const parts = (format.match(/%[YmdHMSVs]/g) ?? []).map((part) => part.slice(1)).join('');
  return /^(s|YmdV*(HV*(MV*(SV*)?)?)?(s|$))/.test(parts);
}

function unreadFindings({ unread }: Configuration, dir: string): Finding[] {
  const [first] = unread;
  if (first === undefined) return [];
  const some = unread.slice(0, UNREAD_SHOWN).map(({ path, why }) => `${path} (${why})`);
  const more = unread.length > some.length ? ` and ${unread.length - some.length} more` : '';
  const mend = effectiveUid() === 0 ? `ls -ld ${shellArguments(first.path)}` : `sudo ${printing(dir, 'doctor')}`;
  return [notice(`whether rotation is right cannot be told without reading ${some.join(', ')}${more}`, mend)];
}

/** Puts the right rule before all others: of two that name a log, logrotate follows the first. */
function mendOf(dir: string, root: string, { directory }: Configuration, rule: Rule): string {
  const print = printing(dir, 'doctor --logrotate');
  if (directory === undefined) {
    const put = `cat - ${shellQuoted(root)} > ${shellQuoted(`${root}.new`)} && mv ${shellArguments(`${root}.new`, root)}`;
    const into = isWritable(dirname(root)) ? `{ ${put}; }` : `sudo sh -c ${shellQuoted(put)}`;
    return `${print} | ${into}   # and take these logs out of the rule after it`;
  }
  const file = join(directory, RULE_FILE);
  const into = isWritable(directory) ? `> ${shellQuoted(file)}` : `| sudo tee ${shellArguments(file)}`;
  const also = rule.file === file ? '' : `   # and take these logs out of ${shellQuoted(placed(rule))}`;
  return `${print} ${into}${also}`;
}

function printing(dir: string, command: string): string {
  return `grace ${command} --logs ${shellQuoted(dir)}`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function placed({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** A directory that is not there yet will be made by this account. */
function logDirectory(dir: string): LogDirectory {
  if (!inspectDirectory(dir).exists)
    return { dir, uid: effectiveUid(), gid: process.getegid?.() ?? 0, numbered: false };
  const { uid, gid } = statSync(dir);
  const numbered = listed(dir).some((name) => LOG_NAMES.some((log) => isNumbered(name, LOG_FILE[log])));
  return { dir: realpathSync(dir), uid, gid, numbered };
}

function isNumbered(name: string, log: string): boolean {
  return name.startsWith(`${log}.`) && orderSegments(log, [name]).length > 0;
}

/** Why it cannot be listed is told by other findings. */
function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function groupName(gid: number): string | undefined {
  try {
    const lines = readFileSync('/etc/group', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([, , id]) => id === String(gid))?.[0];
  } catch {
    return undefined;
  }
}
