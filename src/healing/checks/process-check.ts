import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import { ownPid } from '../../core/host/signal.js';
import type { Finding } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { sizeShown } from './shown.js';

type Spec = CheckSpecs['process'];

const MAX_CMDLINE_BYTES = 128 * 1024;
const MAX_SHOWN = 5;
/** The kernel keeps so much of a name. */
const COMM_BYTES = 15;

interface Seen {
  readonly pid: number;
  readonly rss_bytes: number;
}

interface Look {
  readonly seen: readonly Seen[];
  /** Processes that may be such, but which we may not look at. */
  readonly hidden: number;
  /** Why there is none, where it is known. */
  readonly why?: string;
}

/** Counts processes by what /proc says of them. Zombies do not count, nor does this very process. */
export function probeProcess(spec: Spec, proc = '/proc', passwd = '/etc/passwd'): Finding {
  try {
    const uid = spec.user === undefined ? undefined : uidOf(spec.user, passwd);
    if (uid === 'nobody') return unknown(`there is no user ${spec.user} in ${passwd}`);
    if (spec.pidfile === undefined) return judge(spec, lookAtAll(spec, uid, proc));
    return judge(spec, lookAtPidfile(spec.pidfile, spec, uid, proc));
  } catch (error) {
    return unknown(cannotRun(error));
  }
}

function judge(spec: Spec, { seen, hidden, why }: Look): Finding {
  const { least, most = Number.POSITIVE_INFINITY, rss_below } = spec;
  const n = seen.length;
  const rss_bytes = seen.reduce((sum, { rss_bytes }) => sum + rss_bytes, 0);
  const perfdata = [
    { label: 'processes', value: n, unit: '' },
    { label: 'rss', value: rss_bytes, unit: 'B' },
  ];
  const said = (status: Finding['status'], summary: string) => ({ status, summary, perfdata });
  const what = `${n === 0 ? 'no' : n} process${n === 1 ? '' : 'es'} ${describe(spec)}`;

  if (n + hidden < least) return said('critical', why ?? `${what}${pidsOf(seen)}, at least ${least} expected`);
  if (n > most) return said('critical', `${what}${pidsOf(seen)}, at most ${most} expected`);
  if (rss_below !== undefined && rss_bytes >= rss_below) {
    const limit = `${sizeShown(rss_below)}`;
    return said('critical', `${what} with ${sizeShown(rss_bytes)} resident, less than ${limit} expected`);
  }
  const undecided = n < least || (hidden > 0 && (most < Number.POSITIVE_INFINITY || rss_below !== undefined));
  if (undecided) return unknown(`${what} that this account can see; others may be hidden from it`);
  return said('ok', `${what}${pidsOf(seen)}`);
}

function describe({ pidfile, name, match, user }: Spec): string {
  const parts = [
    pidfile === undefined ? '' : `of ${pidfile}`,
    name === undefined ? '' : `named ${name}`,
    match === undefined ? '' : `with ${JSON.stringify(match)} in its command line`,
    user === undefined ? '' : `of user ${user}`,
  ];
  return parts.filter((part) => part !== '').join(' ') || 'at all';
}

function pidsOf(seen: readonly Seen[]): string {
  if (seen.length === 0) return '';
  const shown = seen.slice(0, MAX_SHOWN).map(({ pid }) => pid);
  return ` (pid ${shown.join(', ')}${seen.length > MAX_SHOWN ? ', …' : ''})`;
}

function lookAtAll(spec: Spec, uid: number | undefined, proc: string): Look {
  const pids = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const seen: Seen[] = [];
  // With hidepid=2 others' processes are not even listed; then the first process, which is there always, is missing.
  let hidden = pids.includes(1) ? 0 : Number.POSITIVE_INFINITY;
  for (const pid of pids) {
    if (pid === ownPid()) continue;
    const found = lookAtOne(pid, spec, uid, proc);
    if (found === 'hidden') hidden++;
    else if (typeof found === 'object') seen.push(found);
  }
  return { seen, hidden };
}

function lookAtPidfile(pidfile: string, spec: Spec, uid: number | undefined, proc: string): Look {
  const text = readSmallFile(pidfile);
  if (text === undefined) return { seen: [], hidden: 0, why: `there is no pidfile ${pidfile}` };
  const pid = Number(/^\s*(\d{1,10})\s*(?:\n|$)/.exec(text)?.[1]);
  if (!(pid >= 1)) return { seen: [], hidden: 0, why: `the pidfile ${pidfile} holds no pid` };
  const found = lookAtOne(pid, spec, uid, proc);
  if (found === 'hidden') return { seen: [], hidden: 1 };
  if (typeof found === 'object') return { seen: [found], hidden: 0 };
  const why =
    found === 'other'
      ? `pid ${pid} of ${pidfile} is another program: ${commOf(pid, proc)}`
      : `pid ${pid} of ${pidfile} is not running`;
  return { seen: [], hidden: 0, why };
}

/** `undefined`: there is no such file. Throws when it cannot be read, or is none. */
function readSmallFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a file`);
    const buffer = Buffer.alloc(256);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}

function commOf(pid: number, proc: string): string {
  try {
    return readFileSync(`${proc}/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return 'it has just ended';
  }
}

function lookAtOne(pid: number, spec: Spec, uid: number | undefined, proc: string): Seen | 'gone' | 'other' | 'hidden' {
  try {
    const status = readFileSync(`${proc}/${pid}/status`, 'latin1');
    const state = /^State:\t(\S)/m.exec(status)?.[1];
    if (state === undefined || state === 'Z' || state === 'X') return 'gone';
    if (uid !== undefined && Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]) !== uid) return 'other';
    const cmdline = spec.name === undefined && spec.match === undefined ? [] : cmdlineOf(pid, proc);
    if (spec.name !== undefined && !hasName(pid, spec.name, cmdline, proc)) return 'other';
    if (spec.match !== undefined && !cmdline.join(' ').includes(spec.match)) return 'other';
    return { pid, rss_bytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return 'gone';
    if (code === 'EACCES' || code === 'EPERM') return 'hidden';
    throw error;
  }
}

function hasName(pid: number, name: string, cmdline: readonly string[], proc: string): boolean {
  const comm = readFileSync(`${proc}/${pid}/comm`, 'utf8').replace(/\n$/, '');
  if (comm === name) return true;
  let executable: string | undefined;
  try {
    executable = readlinkSync(`${proc}/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    // A kernel thread has none; that of another account may not be seen, then its own word counts.
    executable = cmdline[0];
  }
  if (executable !== undefined && (executable === name || basename(executable) === name)) return true;
  // A script's name that the kernel cut off stands whole among its first arguments.
  const cutOff = Buffer.byteLength(comm) === COMM_BYTES && name.startsWith(comm);
  return cutOff && cmdline.slice(0, 2).some((argument) => basename(argument) === name);
}

function cmdlineOf(pid: number, proc: string): string[] {
  const fd = openSync(`${proc}/${pid}/cmdline`, 'r');
  try {
    const buffer = Buffer.allocUnsafe(MAX_CMDLINE_BYTES);
    let bytes = 0;
    // The kernel answers a page at a time.
    for (let more = -1; more !== 0 && bytes < buffer.length; bytes += more) {
      more = readSync(fd, buffer, bytes, buffer.length - bytes, null);
    }
    return buffer.toString('utf8', 0, bytes).replace(/\0+$/, '').split('\0');
  } finally {
    closeSync(fd);
  }
}

function uidOf(user: string, passwd: string): number | 'nobody' {
  if (/^\d{1,10}$/.test(user)) return Number(user);
  for (const line of readFileSync(passwd, 'utf8').split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === user && uid !== undefined && uid !== '') return Number(uid);
  }
  return 'nobody';
}

function unknown(summary: string): Finding {
  return { status: 'unknown', summary };
}
