import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_FILE, LOG_NAMES, logPath } from '../../src/core/journal/log-files.js';
import { inspect, logBytes, openRegistry, recoverTwice } from '../support/fault-evidence.js';
import { acksOf, inParallel, type Run, run } from '../support/fault-run.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation, violationsIn } from './checks.js';
import { ACTS_FILE, appendRecord, claimAndAct, openLedger } from './programs/scenarios.js';

/** Calls that change something outside the process, or open what will be changed. */
const CALLS = ['openat', 'write', 'pwrite64', 'fdatasync', 'fsync', 'rename', 'unlink', 'ftruncate', 'fchmod', 'mkdir'];

/** Fails, too, but to be killed before it is to be killed after the call before. */
const READ = 'pread64';

/** What the kernel may plausibly answer to each. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  openat: ['EMFILE', 'EROFS', 'ENOSPC', 'EIO'],
  write: ['ENOSPC', 'EIO'],
  pwrite64: ['ENOSPC', 'EIO'],
  fdatasync: ['EIO', 'ENOSPC'],
  fsync: ['EIO', 'ENOSPC'],
  rename: ['ENOSPC', 'EROFS'],
  unlink: ['EROFS', 'EIO'],
  ftruncate: ['ENOSPC', 'EIO'],
  fchmod: ['EROFS', 'EIO'],
  mkdir: ['ENOSPC', 'EROFS'],
};

const AT_ONCE = 3;

export interface Scenario {
  readonly name: string;
  readonly program: keyof Programs;
  readonly writer: string;
  args(dir: string): string[];
  /** Groups of files, so that one group's calls come from one thread and can be counted. */
  files(dir: string): Record<string, string[]>;
  /** Puts the log directory into the state in which the program finds it; names the records that stand there. */
  prepare(dir: string): Promise<string[]>;
  /** What comes after the fault: recovery, then the next record. Names the records it was told are durable. */
  succeed(dir: string): Promise<{ acks: string[]; violations: Violation[] }>;
}

/** One way to break the machine: at the Nth of these calls on these files. */
interface Point {
  readonly group: string;
  readonly call: string;
  readonly n: number;
  /** `KILL`, an error once (`EIO`), or an error from then on (`EIO+`). */
  readonly fault: string;
}

export interface Outcome {
  readonly points: number;
  readonly killed: number;
  readonly failed: number;
  readonly violations: readonly Violation[];
}

export interface BreakOptions {
  readonly faults: 'kills' | 'kills and errors';
  /** What is done instead of {@link Scenario.succeed}; for planted programs, which must meet their own leavings. */
  readonly succeed?: Scenario['succeed'];
  readonly only?: (point: { group: string; call: string }) => boolean;
}

/** Counts the calls of an undisturbed run, then breaks each of them in turn and looks at what is left. */
export async function breakEveryCall(scenario: Scenario, programs: Programs, options: BreakOptions): Promise<Outcome> {
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'grace-calls-'));
  try {
    const counted = await countCalls(scenario, programs, scratch);
    const chosen = counted.filter(options.only ?? (() => true));
    const points = chosen.flatMap(({ group, call, times }) =>
      Array.from({ length: times }, (_, i) => i + 1).flatMap((n) =>
        faultsOf(group, call, n, options.faults).map((fault): Point => ({ group, call, n, fault })),
      ),
    );
    const violations: Violation[] = [];
    let killed = 0;
    let failed = 0;
    await inParallel(points, AT_ONCE, async (point) => {
      const { found, hit } = await breakOne(scenario, programs, options, scratch, point);
      const where = `${scenario.name}: ${point.fault} at ${point.call} ${point.n} of ${point.group}`;
      violations.push(...found.map(({ kind, what }) => ({ kind, what: `${where}: ${what}` })));
      if (point.fault !== 'KILL') failed++;
      else if (hit) killed++;
      else violations.push({ kind: 'broken', what: `${where}: it was not killed` });
    });
    return {
      points: chosen.reduce((sum, { call, times }) => sum + (call === READ ? 0 : times), 0),
      killed,
      failed,
      violations,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `GRACE_FAULT_ALL=1`: every error at every call, as before a release; else they take turns. */
const ALL_ERRORS = process.env.GRACE_FAULT_ALL === '1';

function faultsOf(group: string, call: string, n: number, which: BreakOptions['faults']): string[] {
  // A remedy that fails is the engine's affair; here only what is left of it when it is killed.
  if (call === READ) return which === 'kills' ? [] : ['EIO', 'EIO+'];
  if (which === 'kills' || group === 'acts') return ['KILL'];
  const errors = ERRORS[call] ?? [];
  const onward = errors.map((error) => `${error}+`);
  if (ALL_ERRORS || (group === 'logs' && errors.length <= 2)) return ['KILL', ...errors, ...onward];
  const turn = <T>(list: readonly T[]) => list.slice((n - 1) % list.length).slice(0, 1);
  // The pages of a registry are many and alike.
  if (call === 'pwrite64') return ['KILL', ...turn([...errors, ...onward])];
  return ['KILL', ...turn(errors), ...turn(onward)];
}

async function breakOne(
  scenario: Scenario,
  programs: Programs,
  { succeed }: BreakOptions,
  scratch: string,
  { group, call, n, fault }: Point,
): Promise<{ found: Violation[]; hit: boolean }> {
  const dir = join(mkdtempSync(join(scratch, 'p-')), 'logs');
  const found: Violation[] = [];
  let broken: Run | undefined;
  try {
    const standing = await scenario.prepare(dir);
    const onward = fault.endsWith('+');
    const what = fault === 'KILL' ? 'signal=KILL' : `error=${onward ? fault.slice(0, -1) : fault}`;
    broken = await run(programs[scenario.program], scenario.args(dir), {
      under: straced(
        scenario.files(dir)[group] ?? [],
        call,
        ['-o', '/dev/null'],
        ['-e', `inject=${call}:${what}:when=${n}${onward ? '+' : ''}`],
      ),
    });
    if (fault !== 'KILL') found.push(...unclearFailure(broken));
    const next = await (succeed ?? scenario.succeed)(dir);
    found.push(...next.violations);
    found.push(...violationsIn(inspect(dir, [...standing, ...acksOf(broken.said), ...next.acks])));
  } catch (error) {
    found.push({ kind: 'broken', what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  rmSync(join(dir, '..'), { recursive: true, force: true });
  return { found, hit: broken?.signal === 'SIGKILL' && broken.hung === false };
}

async function countCalls(scenario: Scenario, programs: Programs, scratch: string) {
  const counted: { group: string; call: string; times: number }[] = [];
  const groups = Object.keys(scenario.files(scratch));
  for (const group of groups) {
    const dir = join(mkdtempSync(join(scratch, 'count-')), 'logs');
    await scenario.prepare(dir);
    const trace = join(scratch, `trace-${group}`);
    const under = straced(
      scenario.files(dir)[group] ?? [],
      (group === 'logs' ? [...CALLS, READ] : CALLS).join(','),
      ['-o', trace],
      [],
    );
    const done = await run(programs[scenario.program], scenario.args(dir), { under });
    if (done.code !== 0) throw new Error(`${scenario.name} fails undisturbed: ${done.code} ${done.stderr}`);
    const threads = new Map<string, Map<string, number>>();
    for (const line of readFileSync(trace, 'utf8').split('\n')) {
      const [, thread = '', call = ''] = /^(\d+)\s+(\w+)\(/.exec(line) ?? [];
      if (call === '') continue;
      const of = threads.get(call) ?? new Map<string, number>();
      of.set(thread, (of.get(thread) ?? 0) + 1);
      threads.set(call, of);
    }
    for (const [call, of] of threads) {
      // strace counts for each thread apart: the Nth call is only one call if one thread makes them all.
      if (of.size !== 1) throw new Error(`${scenario.name}: ${of.size} threads call ${call} on the ${group}`);
      counted.push({ group, call, times: Math.max(...of.values()) });
    }
  }
  return counted;
}

function straced(
  files: readonly string[],
  calls: string,
  output: readonly string[],
  inject: readonly string[],
): string[] {
  const paths = files.flatMap((file) => ['-P', file]);
  // With --seccomp-bpf the untraced calls cost nothing, but strace 6.1 then forgets to send the signals.
  const quick = inject.some((text) => text.includes(':error=')) ? ['--seccomp-bpf'] : [];
  return ['strace', '-f', ...quick, '-qq', ...output, ...paths, '-e', `trace=${calls}`, ...inject];
}

function filesOf(dir: string, writer: string): Record<string, string[]> {
  const db = join(dir, 'registry.db');
  const aside = `${db}.new-${writer}`;
  return {
    logs: [dir, logPath(dir, 'incidents'), logPath(dir, 'audit')],
    registry: [db, `${db}-wal`, `${db}-shm`, aside, `${aside}-journal`],
    locks: [join(dir, 'ledger.lock'), join(dir, 'registry.lock')],
  };
}

/** Two records, and in either log the stub of a third, as a full disk or a kill leaves it. */
async function prepareTornLogs(dir: string): Promise<string[]> {
  mkdirSync(dir, { mode: 0o750 });
  const ledger = openLedger(dir, 'seed');
  for (const n of [1, 2]) await appendRecord(ledger, `seed-${n}`);
  ledger.registry.sync();
  ledger.close();
  appendFileSync(join(dir, LOG_FILE.incidents), '{"incident_id":"torn-1","detec');
  appendFileSync(join(dir, LOG_FILE.audit), '{"entry_id":"log_5_20250101000000000000","times');
  return ['seed-1', 'seed-2'];
}

async function succeedByAppending(dir: string) {
  const violations = await recoverTwice(dir);
  const ledger = openLedger(dir, 'next');
  await appendRecord(ledger, 'next-1');
  ledger.close();
  return { acks: ['next-1'], violations };
}

const appending = {
  program: 'append',
  writer: 'w',
  args: (dir: string) => [dir, 'w', '2'],
  files: (dir: string) => filesOf(dir, 'w'),
  succeed: succeedByAppending,
} as const;

/** Records appended to logs that an earlier crash has torn. */
export const APPEND: Scenario = { ...appending, name: 'append', prepare: prepareTornLogs };

/** The first record of all: directory, logs and registry are made. */
export const APPEND_FIRST: Scenario = {
  ...appending,
  name: 'append (first record)',
  files: (dir) => {
    const files = filesOf(dir, 'w');
    return { ...files, logs: [`${dir}/..`, ...(files.logs ?? [])] };
  },
  args: (dir) => [dir, 'w', '1'],
  prepare: async () => [],
};

const INCIDENT = 'incident-1';

/** A claim is granted, the remedy runs, the claim ends; whoever comes after must not run it again. */
export const CLAIM: Scenario = {
  name: 'claim',
  program: 'claim',
  writer: 'w',
  args: (dir) => [dir, 'w', INCIDENT],
  files: (dir) => ({ ...filesOf(dir, 'w'), acts: [join(dir, ACTS_FILE)] }),
  prepare: prepareTornLogs,
  async succeed(dir) {
    const violations = await recoverTwice(dir);
    const ledger = openLedger(dir, 'next');
    await claimAndAct(ledger, dir, INCIDENT, { pause: () => {}, say: () => {} });
    await appendRecord(ledger, 'next-1');
    ledger.close();
    return { acks: ['next-1'], violations };
  },
};

/** Logs of which the registry has read the first half, or nothing. */
async function prepareHalfProjected(dir: string, projected: boolean): Promise<string[]> {
  const whole = join(dir, '..', 'whole');
  const acks = await prepareTornLogs(whole);
  await recoverTwice(whole);
  const ledger = openLedger(whole, 'seed');
  await claimAndAct(ledger, whole, INCIDENT, { pause: () => {}, say: () => {} });
  ledger.close();
  mkdirSync(dir, { mode: 0o750 });
  const halves = LOG_NAMES.map((log) => {
    const bytes = readFileSync(logPath(whole, log));
    const cut = bytes.indexOf('\n') + 1;
    return { path: logPath(dir, log), first: bytes.subarray(0, cut), rest: bytes.subarray(cut) };
  });
  for (const { path, first } of halves) appendFileSync(path, first);
  if (projected) {
    const registry = openRegistry(dir, 'seed');
    registry.sync();
    registry.close();
  }
  for (const { path, rest } of halves) appendFileSync(path, rest);
  return acks;
}

async function succeedByProjecting(dir: string) {
  const before = logBytes(dir);
  const registry = openRegistry(dir, 'next');
  registry.sync();
  registry.close();
  const after = logBytes(dir);
  const same = LOG_NAMES.every((log) => Buffer.concat(before[log]).equals(Buffer.concat(after[log])));
  const violations: Violation[] = same ? [] : [{ kind: 'damaged', what: 'projecting has changed a log' }];
  return { acks: [], violations };
}

const projecting = {
  program: 'project',
  writer: 'w',
  args: (dir: string) => [dir, 'w'],
  files: (dir: string) => filesOf(dir, 'w'),
  succeed: succeedByProjecting,
} as const;

/** The registry reads on from where it stood. */
export const PROJECT: Scenario = { ...projecting, name: 'project', prepare: (dir) => prepareHalfProjected(dir, true) };

/** There is no registry yet. */
export const PROJECT_FIRST: Scenario = {
  ...projecting,
  name: 'project (no registry)',
  prepare: (dir) => prepareHalfProjected(dir, false),
};

/** The registry is there and is built anew in its place. */
export const PROJECT_ANEW: Scenario = {
  ...projecting,
  name: 'project (anew)',
  args: (dir) => [dir, 'w', 'rebuild'],
  prepare: (dir) => prepareHalfProjected(dir, true),
};
