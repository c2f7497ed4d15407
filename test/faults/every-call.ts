import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, look } from '../support/fault-evidence.js';
import { type Attached, acksOf, inParallel, type Run, type RunOptions, run, start } from '../support/fault-run.js';
import { Stage } from '../support/fault-stage.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation, violationsIn } from './checks.js';
import type { Scenario } from './every-call-scenarios.js';
import { takenAsOwn, wrongPosition, wrongSeal } from './seal-checks.js';

/** Calls that change something outside the process, or open what will be changed. */
const CALLS = ['openat', 'write', 'pwrite64', 'fdatasync', 'fsync', 'rename', 'unlink', 'ftruncate', 'fchmod', 'mkdir'];

/** Fail, too, but to be killed before one is to be killed after the call before. */
const READS: readonly string[] = ['pread64', 'read'];

/** Of SQLite's own files it is SQLite's affair. */
const GROUPS_READ: readonly string[] = ['logs', 'sidecar', 'keys'];

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

/** Calls of one kind on one group of files. */
interface Calls {
  readonly group: string;
  readonly call: string;
  /** `all`: only one thread makes them. Else some are made by the main one and some by one of the pool. */
  readonly threads: Attached['threads'];
  readonly times: number;
}

/** One way to break the machine: at the Nth of these calls. */
interface Point extends Omit<Calls, 'times'> {
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
  readonly only?: (calls: { group: string; call: string }) => boolean;
}

/** Counts the calls of an undisturbed run, then breaks each of them in turn and looks at what is left. */
export async function breakEveryCall(scenario: Scenario, programs: Programs, options: BreakOptions): Promise<Outcome> {
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'grace-calls-'));
  try {
    const counted = await countCalls(scenario, programs, scratch);
    const { calls = counted.map(({ call }) => call) } = scenario;
    const chosen = counted.filter(options.only ?? (({ call }) => calls.includes(call)));
    const points = chosen.flatMap(({ times, ...calls }) =>
      Array.from({ length: times }, (_, i) => i + 1).flatMap((n) =>
        faultsOf(scenario, calls, n, options.faults).map((fault): Point => ({ ...calls, n, fault })),
      ),
    );
    const violations: Violation[] = [];
    let killed = 0;
    let failed = 0;
    const stages = Array.from({ length: AT_ONCE }, () => stageOf(scenario, scratch));
    await inParallel(points, AT_ONCE, async (point) => {
      const stage = stages.pop() ?? stageOf(scenario, scratch);
      const { found, hit } = await breakOne(scenario, programs, options, stage, point);
      stages.push(stage);
      const thread = point.threads === 'all' ? '' : ` (${point.threads})`;
      const where = `${scenario.name}: ${point.fault} at ${point.call}${thread} ${point.n} of ${point.group}`;
      violations.push(...found.map(({ kind, what }) => ({ kind, what: `${where}: ${what}` })));
      if (point.fault !== 'KILL') failed++;
      else if (hit) killed++;
      else violations.push({ kind: 'broken', what: `${where}: it was not killed` });
    });
    return {
      points: chosen.reduce((sum, { call, times }) => sum + (READS.includes(call) ? 0 : times), 0),
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

function faultsOf(scenario: Scenario, calls: Omit<Calls, 'times'>, n: number, which: BreakOptions['faults']): string[] {
  const { group, call } = calls;
  const isRead = READS.includes(call);
  const kill = isRead ? [] : ['KILL'];
  // A remedy that fails is the engine's affair; here only what is left of it when it is killed.
  if (which === 'kills' || group === 'acts') return kill;
  const errors = isRead ? ['EIO'] : (ERRORS[call] ?? []);
  const onward = errors.map((error) => `${error}+`);
  const turn = <T>(list: readonly T[]) => list.slice((n - 1) % list.length).slice(0, 1);
  if (ALL_ERRORS) return [...kill, ...errors, ...onward];
  const isPage = group === 'registry' && call === 'pwrite64';
  // What becomes of a projection without it, its own scenarios show.
  if (isPage && scenario.program !== 'project') return kill;
  // Calls that are many and alike meet one error each, the others more.
  if (isRead || isPage || scenario.oneError?.includes(group)) return [...kill, ...turn([...errors, ...onward])];
  if (group === 'logs' && errors.length <= 2) return [...kill, ...errors, ...onward];
  return [...kill, ...turn(errors), ...turn(onward)];
}

function stageOf(scenario: Scenario, scratch: string): Stage<string[]> {
  return new Stage(scratch, (root) => scenario.prepare(join(root, scenario.logs)));
}

async function breakOne(
  scenario: Scenario,
  programs: Programs,
  { succeed }: BreakOptions,
  stage: Stage<string[]>,
  point: Point,
): Promise<{ found: Violation[]; hit: boolean }> {
  const dir = join(stage.root, scenario.logs);
  const found: Violation[] = [];
  let broken: Run | undefined;
  try {
    const standing = await stage.set();
    await scenario.enter?.(dir);
    const isSealed = look(dir).seal !== undefined;
    broken = await run(programs[scenario.program], scenario.args(dir), injecting(point, scenario.files(dir)));
    if (point.fault !== 'KILL') found.push(...unclearFailure(broken));
    const told = acksOf(broken.said);
    scenario.loseUnsynced?.(dir, [...standing, ...told]);
    const left = look(dir);
    found.push(...wrongSeal(left, isSealed ? [...standing, ...told] : told));
    if (!scenario.loseUnsynced) found.push(...wrongPosition(left));
    const next = await (succeed ?? scenario.succeed)(dir);
    const evidence = inspect(dir, [...standing, ...told, ...next.acks]);
    found.push(...next.violations, ...violationsIn(evidence), ...takenAsOwn(left, evidence));
  } catch (error) {
    found.push({ kind: 'broken', what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  return { found, hit: broken?.signal === 'SIGKILL' && broken.hung === false };
}

function injecting({ group, call, threads, n, fault }: Point, files: Record<string, string[]>): RunOptions {
  const onward = fault.endsWith('+');
  const what = fault === 'KILL' ? 'signal=KILL' : `error=${onward ? fault.slice(0, -1) : fault}`;
  const inject = ['-e', `inject=${call}:${what}:when=${n}${onward ? '+' : ''}`];
  const traced = [...tracing(files[group] ?? [], call, '/dev/null'), ...inject];
  // With --seccomp-bpf the untraced calls cost nothing, but strace 6.1 then forgets to send the signals.
  if (fault !== 'KILL' && threads === 'all') return { under: ['strace', '-f', '-qq', '--seccomp-bpf', ...traced] };
  return { attached: { strace: ['strace', ...traced], threads } };
}

function tracing(files: readonly string[], calls: string, output: string): string[] {
  return ['-o', output, ...files.flatMap((file) => ['-P', file]), '-e', `trace=${calls}`];
}

async function countCalls(scenario: Scenario, programs: Programs, scratch: string): Promise<Calls[]> {
  const counted: Calls[] = [];
  for (const group of Object.keys(scenario.files(join(scratch, scenario.logs)))) {
    const stage = stageOf(scenario, scratch);
    const dir = join(stage.root, scenario.logs);
    await stage.set();
    const trace = join(scratch, `trace-${group}`);
    const calls = (GROUPS_READ.includes(group) ? [...CALLS, ...READS] : CALLS).join(',');
    const strace = ['strace', ...tracing(scenario.files(dir)[group] ?? [], calls, trace)];
    const started = start(programs[scenario.program], scenario.args(dir), { attached: { strace, threads: 'all' } });
    const done = await started.ended;
    if (done.code !== 0) throw new Error(`${scenario.name} fails undisturbed: ${done.code} ${done.stderr}`);
    const seen = callsIn(readFileSync(trace, 'utf8'), String(started.child.pid));
    for (const [call, { main, others }] of seen) {
      // strace counts for each thread apart: the Nth call is only one call if one thread makes them all.
      if (others.size > 1) throw new Error(`${scenario.name}: ${others.size} threads call ${call} on the ${group}`);
      const [other = 0] = others.values();
      if (main === 0 || other === 0) counted.push({ group, call, threads: 'all', times: main + other });
      else
        counted.push({ group, call, threads: 'main', times: main }, { group, call, threads: 'others', times: other });
    }
  }
  return counted;
}

/** How often the main thread made each call, and each of the others. */
function callsIn(trace: string, mainThread: string) {
  const seen = new Map<string, { main: number; others: Map<string, number> }>();
  for (const line of trace.split('\n')) {
    // Without a number: no second thread was there.
    const [, thread = mainThread, call = ''] = /^(?:(\d+)\s+)?(\w+)\(/.exec(line) ?? [];
    if (call === '') continue;
    const of = seen.get(call) ?? { main: 0, others: new Map<string, number>() };
    if (thread === mainThread) of.main++;
    else of.others.set(thread, (of.others.get(thread) ?? 0) + 1);
    seen.set(call, of);
  }
  return seen;
}
