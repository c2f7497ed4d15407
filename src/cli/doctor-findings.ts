import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../core/errors.js';
import { isAlive } from '../core/host/process-identity.js';
import { accountName, inspectDirectory } from '../core/journal/directory.js';
import { lockHolder } from '../core/journal/lock.js';
import { LEDGER_LOCK_FILE, LOG_FILE, LOG_NAMES, logPath } from '../core/journal/log-files.js';
import { writableProblem } from '../core/journal/open-log.js';
import { listSegments, statSegment } from '../core/journal/segments.js';
import { ACTION } from '../core/records/audit-actions.js';
import { parseInstant } from '../core/records/time.js';
import { auditGaps, bindingHealth, countEntries, newestRecord } from '../core/registry/queries/health.js';
import { quarantineCount, quarantinedLines } from '../core/registry/queries/quarantine.js';
import type { Registry } from '../core/registry/registry.js';
import type { SyncResult } from '../core/registry/sync.js';
import { shellArguments, shellQuoted } from '../core/shell-quoted.js';
import { counted } from '../evidence/words.js';
import type { Context } from './context.js';
import type { Finding, Mend } from './doctor-finding.js';
import { sealFinding } from './doctor-seal.js';
import { formatSeconds } from './output/time.js';
import { createRegistry } from './reading.js';

const OLDEST_NODE = [20, 19] as const;
/** A line without an end may be in the act of being written; one that stays so is torn. */
const TORN_AFTER_MS = 200;
/** Records of the future by more than this mean that a clock was wrong. */
const CLOCK_TOLERANCE_MS = 60_000;
const LINES_SHOWN = 3;
const LOOKS_AT_DRIFT = 3;

export async function installationFindings(ctx: Context): Promise<Finding[]> {
  return [nodeFinding(process.versions.node), await nativeFinding(ctx), clockFinding(ctx.clock.now())];
}

export async function logFindings(ctx: Context, dir: string): Promise<Finding[]> {
  const mend: Mend = (words, why) =>
    `grace ${words} --logs ${shellQuoted(dir)}${why === undefined ? '' : `   # ${why}`}`;
  const state = inspectDirectory(dir);
  if (!state.exists) {
    return [
      {
        about: 'logs',
        state: 'notice',
        text: `there are none yet: ${dir} does not exist`,
        mend: mend('trigger incident'),
      },
    ];
  }
  // Who may only look is told so, and not of each file once more.
  const files = state.ours ? fileFindings(dir) : [];
  const findings = [directoryFinding(dir, mend), spaceFinding(dir), ...files, lockFinding(dir)];
  try {
    return [...findings, ...(await recordFindings(ctx, dir, mend))];
  } catch (error) {
    // What keeps the logs from being read is the finding.
    if (!(error instanceof OperatorError)) throw error;
    return [...findings, unreadableFinding(error, ctx)];
  }
}

async function recordFindings(ctx: Context, dir: string, mend: Mend): Promise<Finding[]> {
  if (LOG_NAMES.every((log) => listSegments(dir, log).length === 0)) {
    return [{ about: 'logs', state: 'notice', text: `there are none yet in ${dir}`, mend: mend('trigger incident') }];
  }
  const registry = await createRegistry(ctx, dir);
  try {
    const sync = registry.sync();
    return [
      ...lossFindings(registry, mend),
      ...placeFindings(registry, mend),
      await tailFinding(registry, sync, mend),
      quarantineFinding(registry, mend),
      sealFinding(ctx, dir, registry, mend),
      bindingFinding(registry, mend),
      claimFinding(registry, mend),
      recordClockFinding(registry, ctx.clock.now()),
      driftFinding(registry, dir, mend),
    ];
  } finally {
    registry.close();
  }
}

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantMajor, wantMinor] = OLDEST_NODE;
  const good = major > wantMajor || (major === wantMajor && minor >= wantMinor);
  if (good) return { about: 'node', state: 'good', text: `Node ${version}` };
  const text = `Node ${version} is older than ${wantMajor}.${wantMinor}`;
  return { about: 'node', state: 'bad', text, mend: 'npm ci   # after Node 20.19 or newer is installed' };
}

async function nativeFinding({ home }: Context): Promise<Finding> {
  try {
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(':memory:');
    const version = db.prepare<[], { v: string }>('SELECT sqlite_version() AS v').get()?.v;
    db.close();
    return { about: 'sqlite', state: 'good', text: `the native module works, SQLite ${version}` };
  } catch (error) {
    const text = `the native module cannot be loaded: ${(error as Error).message.split('\n')[0]}`;
    return { about: 'sqlite', state: 'bad', text, mend: `cd ${shellArguments(home)} && npm rebuild better-sqlite3` };
  }
}

/** A clock from before this program existed has lost its battery or its network. */
function clockFinding(now: number): Finding {
  const good = now > Date.UTC(2025, 0, 1);
  const text = `the clock says ${new Date(now).toISOString()}`;
  return good
    ? { about: 'clock', state: 'good', text }
    : { about: 'clock', state: 'bad', text, mend: 'timedatectl set-ntp true' };
}

function directoryFinding(dir: string, mend: Mend): Finding {
  const about = 'directory';
  const { ours, unwritable, uid, mode } = inspectDirectory(dir);
  if (!ours) {
    const owner = accountName(uid);
    const text = `${dir} belongs to ${owner}; this account may look and not write`;
    return { about, state: 'notice', text, mend: `sudo -u ${shellQuoted(owner)} ${mend('doctor')}` };
  }
  if ((mode & 0o002) !== 0)
    return {
      about,
      state: 'bad',
      text: `${dir} can be written by everybody`,
      mend: `chmod o-w ${shellArguments(dir)}`,
    };
  if (unwritable !== undefined) {
    const state = (mode & 0o200) === 0 ? 'notice' : 'bad';
    const how = (mode & 0o200) === 0 ? `chmod u+w ${shellArguments(dir)}` : `findmnt -T ${shellQuoted(dir)}`;
    return { about, state, text: `${dir} cannot be written: ${unwritable}; nothing can be recorded`, mend: how };
  }
  return { about, state: 'good', text: `${dir} is ours and can be written` };
}

/** Blocks and inodes; the first record needs one of each. */
function spaceFinding(dir: string): Finding {
  const about = 'space';
  const { bavail, bsize, files, ffree } = statfsSync(dir);
  const mend = `df -h ${shellArguments(dir)}; df -i ${shellArguments(dir)}`;
  if (bavail === 0) return { about, state: 'bad', text: 'no space is left: nothing can be recorded', mend };
  if (files > 0 && ffree === 0) return { about, state: 'bad', text: 'no inode is left: no file can be made', mend };
  return { about, state: 'good', text: `${Math.floor((bavail * bsize) / 1_000_000)} MB are free` };
}

function unreadableFinding(error: OperatorError, ctx: Context): Finding {
  const text = `the logs cannot be read: ${error.message} [${error.code}]`;
  return { about: 'logs', state: 'bad', text, mend: error.hint ?? ctx.invocation };
}

/** Where the registry lives and what had to be done to it, if that is not as usual. */
function placeFindings(registry: Registry, mend: Mend): Finding[] {
  const about = 'registry';
  const { temporary, kept, losses } = registry.notes;
  const findings: Finding[] = [];
  if (kept !== undefined) {
    const text = `it was damaged and has been built anew; the damaged one is ${kept}`;
    findings.push({ about, state: 'notice', text, mend: `rm ${shellArguments(kept)}` });
  }
  if (temporary !== undefined && losses.length === 0) {
    findings.push({
      about,
      state: 'notice',
      text: `it lives in a temporary file: ${temporary}`,
      mend: mend('registry sync'),
    });
  }
  return findings;
}

function fileFindings(dir: string): Finding[] {
  return LOG_NAMES.map((log): Finding => {
    const about = LOG_FILE[log];
    const path = logPath(dir, log);
    const problem = writableProblem(path);
    if (problem === undefined)
      return {
        about,
        state: 'good',
        text: statSegment(dir, LOG_FILE[log]) ? 'a regular file of ours' : 'not there yet',
      };
    return {
      about,
      state: 'bad',
      text: `grace would refuse to write to it: ${problem}`,
      mend: `ls -l ${shellArguments(path)}   # chmod and chown put it right`,
    };
  });
}

function lockFinding(dir: string): Finding {
  const holder = lockHolder(join(dir, LEDGER_LOCK_FILE));
  if (!holder) return { about: 'lock', state: 'good', text: 'nobody holds the ledger' };
  const text = `process ${holder.pid} (${holder.command}) holds the ledger at this moment`;
  return { about: 'lock', state: 'notice', text, mend: `ps -fp ${holder.pid}` };
}

function lossFindings(registry: Registry, mend: Mend): Finding[] {
  const noted = registry.read((db) => countEntries(db, ACTION.logLossNoted));
  const text = `${noted} ${noted === 1 ? 'loss is' : 'losses are'} on record in the audit log`;
  const past: Finding[] =
    noted === 0 ? [] : [{ about: 'loss', state: 'notice', text, mend: mend('evidence self-healing', 'tells which') }];
  const present = registry.notes.losses.map(
    ({ log, kind, bytes_before, bytes_now }): Finding => ({
      about: 'loss',
      state: 'bad',
      text: `${LOG_FILE[log]} was ${kind}: ${bytes_before} bytes had been read, ${bytes_now} are there`,
      mend: mend('registry sync', 'writes it into the audit log; a copy that has the bytes is put back before that'),
    }),
  );
  const missing = registry.read(auditGaps).map(
    ({ from, to }): Finding => ({
      about: 'loss',
      state: 'bad',
      text: `${LOG_FILE.audit}: lines ${from} to ${to} are missing; what the lines before them say and vouch for does not count, and nothing acts`,
      mend: mend('registry sync', 'after the file with these lines has been put back from a copy'),
    }),
  );
  return [...present, ...missing, ...past];
}

async function tailFinding(registry: Registry, first: SyncResult, mend: Mend): Promise<Finding> {
  const about = 'tails';
  const hanging = (sync: SyncResult) => LOG_NAMES.filter((log) => sync.logs[log].unterminated > 0);
  if (hanging(first).length === 0) return { about, state: 'good', text: 'both logs end with a whole line' };
  await delay(TORN_AFTER_MS);
  const second = registry.sync();
  const torn = hanging(second).filter((log) => second.logs[log].unterminated === first.logs[log].unterminated);
  if (torn.length === 0) return { about, state: 'good', text: 'both logs end with a whole line' };
  const text = torn
    .map((log) => `${LOG_FILE[log]} ends with ${second.logs[log].unterminated} bytes without LF`)
    .join('; ');
  return { about, state: 'bad', text, mend: mend('registry sync', 'ends the line; nothing is cut off') };
}

function quarantineFinding(registry: Registry, mend: Mend): Finding {
  const about = 'bad lines';
  const n = registry.read(quarantineCount);
  if (n === 0) return { about, state: 'good', text: 'none is quarantined' };
  const some = registry
    .read((db) => quarantinedLines(db, LINES_SHOWN))
    .map((line) => `${line.log} log, file ${line.ordinal}, byte ${line.offset}: ${line.reason}`);
  const more = n > some.length ? `; and ${n - some.length} more` : '';
  const text = `${n} quarantined: ${some.join('; ')}${more}`;
  return {
    about,
    state: 'notice',
    text,
    mend: mend('evidence self-healing', 'counts them; they stay where they are'),
  };
}

function bindingFinding(registry: Registry, mend: Mend): Finding {
  const about = 'bindings';
  let health = registry.read(bindingHealth);
  // A log that was begun a moment ago may be read between a line and the entry that vouches for it.
  if (health.dangling > 0) {
    registry.sync();
    health = registry.read(bindingHealth);
  }
  const { lines, unbound, old, dangling } = health;
  if (dangling > 0) {
    const text = `${dangling} incident lines that the audit log vouches for are altered, missing, or were never acknowledged before a power cut`;
    return {
      about,
      state: 'bad',
      text,
      mend: mend('registry rebuild', 'after incidents.jsonl has been put back from a copy'),
    };
  }
  const ofOld = old === 0 ? '' : `; ${old} are the old system's, or in its form`;
  if (unbound === 0) {
    return {
      about,
      state: 'good',
      text: `the audit log vouches for each incident line of grace, ${lines - old} in all${ofOld}`,
    };
  }
  const text = `${unbound} of ${counted(lines, 'incident line')} without an audit entry that vouches for it, and without effect (foreign, or cut off by a crash)${ofOld}`;
  return { about, state: 'notice', text };
}

function claimFinding(registry: Registry, mend: Mend): Finding {
  const about = 'claims';
  const open = registry.control((view) => view.allOpenClaims());
  const dead = open.filter((claim) => !isAlive(claim.owner)).length;
  if (dead === 0)
    return {
      about,
      state: 'good',
      text: open.length === 0 ? 'none is open' : `${open.length} open, of living processes`,
    };
  const text = `${dead} claims of processes that are gone: whether their remedies ran is unknown`;
  return { about, state: 'bad', text, mend: mend('registry sync', 'records them as unknown') };
}

function recordClockFinding(registry: Registry, now: number): Finding {
  const about = 'records';
  const newest = registry.read(newestRecord);
  const at = newest === undefined ? undefined : parseInstant(newest);
  if (at === undefined || at <= now + CLOCK_TOLERANCE_MS)
    return { about, state: 'good', text: 'none is from the future' };
  const text = `the newest record is ${formatSeconds((at - now) / 1000)} in the future: this clock or another was wrong`;
  return { about, state: 'notice', text, mend: 'timedatectl status' };
}

/** Only what differs while nobody writes differs: the two are read one after the other. */
function driftFinding(registry: Registry, dir: string, mend: Mend): Finding {
  const about = 'registry';
  for (let look = 0; look < LOOKS_AT_DRIFT; look++) {
    const before = bytesOfLogs(dir);
    registry.sync();
    const differing = registry.differencesFromLogs();
    if (differing.length === 0) return { about, state: 'good', text: 'equals the logs, row for row' };
    if (bytesOfLogs(dir) !== before) continue;
    const text = `differs from the logs in ${differing.join(', ')}`;
    return { about, state: 'bad', text, mend: mend('registry rebuild') };
  }
  const text = 'cannot be compared with the logs while others write so much';
  return { about, state: 'notice', text, mend: mend('doctor', 'when it is quieter') };
}

function bytesOfLogs(dir: string): number {
  return LOG_NAMES.flatMap((log) => listSegments(dir, log)).reduce((sum, { size }) => sum + size, 0);
}
