import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import { systemErrorSentence } from '../../core/errors.js';
import { effectiveUid } from '../../core/host/account.js';
import type { Clock } from '../../core/host/clock.js';
import { accountName } from '../../core/journal/directory.js';
import { childEnvironment, environmentFault, MARKER_NAME } from '../child/child-environment.js';
import { runChild } from '../child/run-child.js';
import type { Distrust } from '../distrust.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { childEnding } from './child-ending.js';
import { endProcess, hasEndedWithin } from './end-process.js';
import { openPlace } from './file-place.js';
import { type NamedProcess, type PreparedPidfile, preparePidfile, processOfPidfile } from './pidfile.js';
import { printedSince } from './printed-since.js';
import { executableOf, runsJustAs, runsProgram } from './program-of.js';
import { endOfService, howItEnded } from './started-service.js';
import { systemctlEnvironment } from './systemctl.js';

/** Whoever is still there after it did not fail to load; whether it serves is for the check to say. */
const LOOK_MS = 10;
/** Longer than systemd waits for a unit that will not stop. */
const UNIT_TIMEOUT_S = 120;
/** Beyond what the program has to end by itself and after SIGTERM. */
const MORE_S = 20;

export interface RestartSpec {
  readonly name: string;
  readonly restart: StepSpecs['restart'];
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
}

export interface RestartTools {
  readonly clock: Clock;
  /** Absolute path. */
  readonly systemctl: string;
  /** Asked before anybody is ended, and again directly before a program is started. */
  readonly distrust?: Distrust | undefined;
}

/** Restarts a systemd unit, or ends the process of a pidfile and starts its program again. */
export function restartStep(spec: RestartSpec, tools: RestartTools): Step {
  const { name, restart, repeatable = true } = spec;
  const timeout_s = spec.timeout_s ?? (restart.unit === undefined ? restart.grace * 2 + MORE_S : UNIT_TIMEOUT_S);
  const { unit, start } = restart;
  const what = unit ?? start?.[0] ?? 'nothing';
  return {
    name,
    destroys: `the running ${what} and what it has not saved; its connections are cut`,
    repeatable,
    timeout_s,
    async run(order) {
      if (order.stop.aborted) return { outcome: 'failed', exit: 'interrupted' };
      if (unit !== undefined) return restartUnit(unit, restart.user, { order, timeout_s, tools });
      if (start === undefined) return { outcome: 'failed', exit: 'there is nothing to start' };
      return restartProgram({ ...restart, start }, { order, timeout_s, tools });
    },
  };
}

interface Props {
  readonly order: StepOrder;
  readonly timeout_s: number;
  readonly tools: RestartTools;
}

async function restartUnit(unit: string, user: boolean, { order, timeout_s, tools }: Props): Promise<StepResult> {
  const result = await runChild({
    argv: [tools.systemctl, ...(user ? ['--user'] : []), 'restart', '--', unit],
    env: systemctlEnvironment(user),
    timeout_ms: timeout_s * 1000,
    marker: order.marker,
    stop: order.stop,
    clock: tools.clock,
  });
  return childEnding(result, timeout_s);
}

type Program = StepSpecs['restart'] & { readonly start: readonly string[] };

/** What a start needs is had before anybody is ended: nobody is ended who cannot be started again. */
async function restartProgram(program: Program, props: Props): Promise<StepResult> {
  const { distrust } = props.tools;
  const { start, stop, cwd } = program;
  const fault =
    programFault(program) ?? distrust?.(start, cwd) ?? (stop === undefined ? undefined : distrust?.(stop, cwd));
  if (fault !== undefined) return { outcome: 'failed', exit: fault };
  let output: number | undefined;
  let pidfile: PreparedPidfile | undefined;
  try {
    const opened = program.output === undefined ? undefined : openOutput(program.output);
    if (typeof opened === 'object') return { outcome: 'failed', exit: opened.reason };
    output = opened;
    if (program.pidfile !== undefined && !program.writes_pidfile) {
      const prepared = preparePidfile(program.pidfile);
      if ('reason' in prepared) return { outcome: 'failed', exit: prepared.reason };
      pidfile = prepared;
    }
    const ending = await endRunning(program, props);
    if (ending.kind !== 'over') return ending.result;
    const refusal = distrust?.(start, cwd);
    if (refusal !== undefined) return { outcome: 'failed', exit: `${ending.exit}${refusal}` };
    const started = await startProgram(program, { output, pidfile, clock: props.tools.clock });
    // From here on it is its own, or gone.
    pidfile = undefined;
    return { ...started, exit: `${ending.exit}${started.exit}` };
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    const { path } = error as NodeJS.ErrnoException;
    return { outcome: 'failed', exit: path === undefined ? sentence : `${path}: ${sentence}` };
  } finally {
    pidfile?.discard();
    if (output !== undefined) closeSync(output);
  }
}

function programFault({ start, cwd, env }: Program): string | undefined {
  const [program = ''] = start;
  if (!program.startsWith('/')) return `${JSON.stringify(program)} is not the absolute path of a program`;
  for (const [name, value] of Object.entries(env)) {
    const fault = environmentFault(name);
    if (fault !== undefined) return fault;
    if (value.includes('\0')) return 'a NUL cannot be passed to a program';
  }
  try {
    if (!statSync(program).isFile()) return `${program} is not a program`;
    accessSync(program, constants.X_OK);
  } catch (error) {
    return `${program}: ${systemErrorSentence(error) ?? 'it cannot be started'}`;
  }
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    return `there is no directory ${cwd}`;
  return undefined;
}

/** What is printed goes to the end of a regular file of one name, so that no link leads it into another. */
function openOutput(path: string): number | { readonly reason: string } {
  const place = openPlace(path);
  if ('trouble' in place) return { reason: `${path}: ${place.trouble.sentence}` };
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const fd = openSync(place.at, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
    const stat = fstatSync(fd);
    const fault = outputFault(stat, effectiveUid());
    if (fault === undefined) return fd;
    closeSync(fd);
    return { reason: `${path}: ${fault}, and nothing is written there` };
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    return { reason: `${path}: ${sentence}` };
  } finally {
    place.directory.close();
  }
}

/** Root writes into no file of another account: whoever that is has chosen what else reads it. */
function outputFault(stat: Stats, ours: number): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.nlink !== 1) return 'it has another name elsewhere';
  return ours === 0 && stat.uid !== 0 ? `it belongs to ${accountName(stat.uid)}, not to root` : undefined;
}

type Ending =
  /** Nobody is left; `exit` begins the sentence. */
  { readonly kind: 'over'; readonly exit: string } | { readonly kind: 'not_over'; readonly result: StepResult };

async function endRunning(program: Program, { order, timeout_s, tools }: Props): Promise<Ending> {
  const { clock } = tools;
  const begun = clock.elapsed();
  const left_ms = () => Math.max(0, (timeout_s - (clock.elapsed() - begun)) * 1000);
  const grace_ms = program.grace * 1000;
  const before = look(program);
  let exit = '';
  if (program.stop !== undefined && before.kind !== 'none') {
    const stopped = await runChild({
      argv: program.stop,
      env: program.env,
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
      timeout_ms: left_ms(),
      marker: order.marker,
      stop: order.stop,
      clock,
    });
    if (stopped.end.kind === 'timed_out' || stopped.end.kind === 'stopped') {
      return { kind: 'not_over', result: childEnding(stopped, timeout_s) };
    }
    exit = `stop: ${childEnding(stopped, timeout_s).exit}; `;
    if (before.kind === 'running') await hasEndedWithin(before.identity, Math.min(grace_ms, left_ms()), clock);
  }

  const now = look(program);
  if (now.kind === 'none') return { kind: 'over', exit };
  if (now.kind === 'fault') return { kind: 'not_over', result: { outcome: 'failed', exit: `${exit}${now.reason}` } };
  const { pid } = now.identity;
  const { ours, another, reason } = whose(now, program);
  if (another) return { kind: 'over', exit: `${exit}pid ${pid} is another process by now, left alone; ` };
  if (!ours) return { kind: 'not_over', result: { outcome: 'failed', exit: `${exit}${reason}` } };
  const mayEnd = () => now.tie === 'ours' || runsProgram(pid, program.start);
  const ended = await endProcess({ identity: now.identity, mayEnd, grace_ms, within_ms: left_ms(), clock });
  if (ended.kind === 'ended') return { kind: 'over', exit: `${exit}ended pid ${pid} with ${ended.signal}; ` };
  const outcome = ended.kind === 'refused' ? 'failed' : 'timed_out';
  return { kind: 'not_over', result: { outcome, exit: `${exit}${ended.reason}` } };
}

function look({ pidfile }: Program): NamedProcess {
  return pidfile === undefined ? { kind: 'none', reason: 'no pidfile' } : processOfPidfile(pidfile);
}

type Whose =
  | { readonly ours: true; readonly another?: never; readonly reason?: never }
  /** Its pid was ours once, and there is nobody to end. */
  | { readonly ours: false; readonly another: true; readonly reason?: never }
  | { readonly ours: false; readonly another?: never; readonly reason: string };

/** In doubt nobody is ended, and nothing is started beside who may be the service. */
function whose({ identity, tie }: NamedProcess & { kind: 'running' }, { pidfile, start }: Program): Whose {
  const { pid } = identity;
  if (tie === 'ours') return { ours: true };
  if (tie === 'reused') return { ours: false, another: true };
  const runs = executableOf(pid);
  if (!runsProgram(pid, start)) {
    if (tie === 'younger' && runs !== undefined) return { ours: false, another: true };
    const reason = `pid ${pid} of ${pidfile} runs ${runs ?? 'what cannot be seen'}, not ${start[0]}: it is left alone`;
    return { ours: false, reason };
  }
  if (tie === 'likely' || runsJustAs(pid, start)) return { ours: true };
  const when = tie === 'younger' ? 'after' : 'long before';
  const doubt = `pid ${pid} runs ${start[0]}, but was started ${when} ${pidfile} was written, and with other arguments`;
  return { ours: false, reason: `${doubt}: it may be another one; it is left alone, and nothing was started` };
}

interface Prepared {
  readonly output: number | undefined;
  readonly pidfile: PreparedPidfile | undefined;
  readonly clock: Clock;
}

async function startProgram(program: Program, { output, pidfile, clock }: Prepared): Promise<StepResult> {
  const printed = output === undefined ? undefined : printedSince(output);
  const child = spawnService(program, output);
  const { pid } = child;
  if (pid === undefined) {
    pidfile?.discard();
    printed?.close();
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
    return { outcome: 'failed', exit: `${program.start[0]} cannot be started: ${error.code ?? error.message}` };
  }
  child.on('error', () => {});
  const endWithin = endOfService(child, clock);
  try {
    pidfile?.name(pid);
  } catch (error) {
    // Nobody could end it another time.
    child.kill('SIGKILL');
    printed?.close();
    const sentence = systemErrorSentence(error) ?? (error as Error).message;
    return {
      outcome: 'failed',
      exit: `started pid ${pid} and ended it: ${program.pidfile} cannot be written: ${sentence}`,
    };
  }
  const early = await endWithin(LOOK_MS);
  child.unref();
  if (early?.code === 0 && program.writes_pidfile) {
    printed?.close();
    return { outcome: 'worked', exit: `started ${program.start[0]}: exit 0` };
  }
  const since = async () => {
    const end = await endWithin(0);
    const output = printed?.tail() ?? Buffer.alloc(0);
    printed?.close();
    if (end === undefined || (end.code === 0 && program.writes_pidfile)) return undefined;
    return { exit: `which ${howItEnded(end)} after ${end.after_s.toFixed(2)} s`, output };
  };
  if (early === undefined) return { outcome: 'worked', exit: `started pid ${pid}`, since };
  return { ...(await since()), outcome: 'failed', exit: `started pid ${pid}, which ${howItEnded(early)} at once` };
}

function spawnService({ start, cwd = '/', env: extra }: Program, output: number | undefined): ChildProcess {
  const [program = '', ...args] = start;
  const env = childEnvironment('', extra);
  // It outlives this act, and whoever ends what the act has left behind must not find it.
  delete env[MARKER_NAME];
  const to = output ?? 'ignore';
  // Without a prototype: nothing that was put on Object.prototype becomes an option.
  const options = Object.assign(Object.create(null), {
    cwd,
    env,
    detached: true,
    shell: false,
    stdio: ['ignore', to, to],
  });
  return spawn(program, args, options);
}
