import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { sendSignalToGroup } from '../../core/host/signal-group.js';
import type { ChildEnd, ChildOrder, ChildResult } from './child.js';
import { childEnvironment, environmentFault } from './child-environment.js';
import { StepProcesses } from './marked-processes.js';
import { type ProcessRow, processRow } from './process-row.js';

const MAX_OUTPUT_BYTES = 64 * 1024;
/** Between SIGTERM and SIGKILL. */
const TERM_MS = 200;
/** For what is still in the pipes once the child has ended; a descendant may hold them for ever. */
const CLOSE_MS = 100;
/** After SIGKILL; a process that hangs in the kernel is told, not waited for. */
const REAP_MS = 100;
/** A timer set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs a program in a session of its own, without a shell, in `/` unless told otherwise. Never rejects. At the timeout and
 * when stopped, all that it started is ended too; what it left running when it ended by itself is left alone, since that
 * may be the service it was to start. Its output goes into sockets, as Node has it: it can write to its descriptors, but not
 * open /dev/stdout or /dev/stderr anew.
 */
export async function runChild(order: ChildOrder): Promise<ChildResult> {
  const { clock, max_output_bytes = MAX_OUTPUT_BYTES } = order;
  const started = clock.elapsed();
  const empty: Kept = { bytes: () => Buffer.alloc(0), truncated: () => false };
  const result = (end: ChildEnd, stdout = empty, stderr = empty, survivors: readonly number[] = []): ChildResult => ({
    end,
    stdout: stdout.bytes(),
    stderr: stderr.bytes(),
    truncated: stdout.truncated() || stderr.truncated(),
    duration_s: clock.elapsed() - started,
    survivors,
  });

  const fault = orderFault(order);
  if (fault !== undefined) return result({ kind: 'not_started', reason: fault });
  if (order.stop?.aborted) return result({ kind: 'stopped' });

  let child: ChildProcess;
  try {
    child = start(order);
  } catch (error) {
    return result({ kind: 'not_started', reason: whyNotStarted(order, error as NodeJS.ErrnoException) });
  }
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
    letGo(child);
    return result({ kind: 'not_started', reason: whyNotStarted(order, error) });
  }

  // It may itself put its marker away, and its number goes to another one day.
  const self = processRow(pid);
  const exited = new Promise<ChildEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(code === null ? { kind: 'signalled', signal: String(signal) } : { kind: 'exited', code });
    });
  });
  const closed = new Promise<void>((resolve) => child.once('close', resolve));
  const stdout = keep(child.stdout, max_output_bytes);
  const stderr = keep(child.stderr, max_output_bytes);
  child.on('error', () => {});
  // A program need not read what it is told.
  child.stdin?.on('error', () => {}).end(order.stdin);

  const first = await within(exited, order.timeout_ms, order.stop);
  const late = first === 'timed_out' || first === 'stopped';
  const survivors = late ? await endAll(pid, self, exited, order) : [];
  await within(closed, CLOSE_MS);
  letGo(child);
  return result(late ? { kind: first } : first, stdout, stderr, survivors);
}

function orderFault({ argv, env = {}, cwd, marker }: ChildOrder): string | undefined {
  const [program = ''] = argv;
  if (!isAbsolute(program)) return `${JSON.stringify(program)} is not the absolute path of a program`;
  for (const name of Object.keys(env)) {
    const fault = environmentFault(name);
    if (fault !== undefined) return fault;
  }
  if ([...argv, ...Object.values(env), cwd ?? '', marker].some((text) => text.includes('\0'))) {
    return 'a NUL cannot be passed to a program';
  }
  return undefined;
}

function start({ argv, env, cwd = '/', stdin, marker }: ChildOrder): ChildProcess {
  const [program = '', ...args] = argv;
  // Without a prototype: nothing that was put on Object.prototype becomes an option.
  const options = Object.assign(Object.create(null), {
    cwd,
    env: childEnvironment(marker, env),
    detached: true,
    shell: false,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  return spawn(program, args, options);
}

function whyNotStarted({ argv, cwd }: ChildOrder, error: NodeJS.ErrnoException): string {
  const [program = ''] = argv;
  if (cwd !== undefined && !isDirectory(cwd)) return `there is no directory ${cwd}`;
  if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR') {
    if (!existsSync(program)) return `there is no program ${program}`;
    if (isDirectory(program)) return `${program} is a directory, not a program`;
    if (!isExecutable(program)) return `${program} is not executable for this account`;
    if (error.code === 'ENOENT') return `the interpreter that ${program} names is missing`;
  }
  return `${program} cannot be started: ${error.code ?? error.message}`;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Kept {
  bytes(): Buffer;
  truncated(): boolean;
}

function keep(stream: Readable | null, most: number): Kept {
  const chunks: Buffer[] = [];
  let room = most;
  let truncated = false;
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    if (chunk.length > room) truncated = true;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    room = Math.max(0, room - chunk.length);
  });
  return { bytes: () => Buffer.concat(chunks), truncated: () => truncated };
}

/** Answers who would not go. */
async function endAll(
  pid: number,
  self: ProcessRow | undefined,
  exited: Promise<ChildEnd>,
  { marker, clock }: ChildOrder,
): Promise<readonly number[]> {
  const processes = new StepProcesses(marker, clock, self);
  try {
    // While parents live it can be seen whose children the others are.
    processes.look();
  } catch {
    // /proc cannot be read just now.
  }
  sendSignalToGroup(pid, 'SIGTERM');
  const there = (await within(exited, TERM_MS)) === 'timed_out';
  // Once it has ended and nobody of its group is left, its number is free for another.
  if (there || !existsSync(`/proc/${pid}`)) sendSignalToGroup(pid, 'SIGKILL');
  let survivors: readonly number[] = [];
  try {
    survivors = await processes.end();
  } catch {
    // /proc could not be read for a second; the group has been ended.
  }
  if ((await within(exited, REAP_MS)) !== 'timed_out' || survivors.includes(pid)) return survivors;
  return [pid, ...survivors];
}

function within<T>(promise: Promise<T>, ms: number, stop?: AbortSignal): Promise<T | 'timed_out' | 'stopped'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      // When we were held up ourselves, it may have happened in time: what is waiting to be heard is heard first.
      () => setImmediate(() => settle('timed_out')),
      Math.min(ms, MAX_TIMER_MS),
    );
    const onStop = () => settle('stopped');
    const settle = (value: T | 'timed_out' | 'stopped') => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(value);
    };
    stop?.addEventListener('abort', onStop);
    promise.then(settle, reject);
  });
}

/** Nothing of it keeps this process running or a descriptor open. */
function letGo(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}
