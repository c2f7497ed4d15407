import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { HOLD } from '../faults/programs/main.js';

/** What became of one program. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The lines it printed, in order. */
  readonly said: readonly string[];
  readonly stderr: string;
  /** It did not end by itself in time. */
  readonly hung: boolean;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly said: string[];
  /** Resolves when the line has been said, or when the program has ended without saying it. */
  heard(line: (said: string) => boolean): Promise<boolean>;
  readonly ended: Promise<Run>;
}

export interface RunOptions {
  /** Put before `node PROGRAM`: `strace …`, `faketime …`. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
  readonly input?: boolean;
  /** Instead of `under`: strace comes when the program is loaded, which takes half the time. */
  readonly attached?: Attached;
}

export interface Attached {
  /** `strace …`, without the processes. */
  readonly strace: readonly string[];
  /** Threads that it sees: those of the pool are the ones that are not the main one. */
  readonly threads: 'all' | 'main' | 'others';
}

/** Starts `node PROGRAM ARGS` in a process group of its own, with an environment built from nothing. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): RunningProgram {
  const { under = [], env, input, attached } = options;
  const argv = [...under, process.execPath, program, ...args];
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    detached: true,
    stdio: [input || attached ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    // One thread for the runtime's own file calls: the Nth sync is then the Nth sync of that thread.
    env: {
      ...{ PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1', NO_COLOR: '1' },
      ...(attached ? { [HOLD.variable]: '1' } : {}),
      ...env,
    },
  });
  const said: string[] = [];
  let tracer: Promise<void> = Promise.resolve();
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === HOLD.said && attached) tracer = attach(child, attached);
      else said.push(line);
      wake();
    });
  }
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let hung = false;
  let over = false;
  const timer = setTimeout(() => {
    hung = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, options.timeout_ms ?? 30_000);
  const ended = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      over = true;
      wake();
      tracer.then(() => resolve({ code, signal, said, stderr, hung }), reject);
    });
  });
  const heard = (line: (said: string) => boolean) =>
    new Promise<boolean>((resolve) => {
      const look = () => {
        const found = said.some(line);
        if (!found && !over) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { child, said, heard, ended };
}

/** Lets strace loose on a program that waits for it, and then the program. Resolves when strace has ended. */
async function attach(child: ChildProcess, { strace, threads }: Attached): Promise<void> {
  const main = String(child.pid);
  const others = threads === 'others' ? readdirSync(`/proc/${main}/task`).filter((task) => task !== main) : [];
  const targets = threads === 'others' ? others : [main];
  const [tool = '', ...options] = [...strace, ...(threads === 'all' ? ['-f'] : [])];
  const tracer = spawn(tool, [...options, ...targets.flatMap((task) => ['-p', task])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let heard = '';
    tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.split(' attached').length <= targets.length) return;
      child.stdin?.on('error', () => {});
      child.stdin?.end('\n');
    });
    tracer.on('error', reject);
    tracer.on('close', (code) => {
      if (heard.includes(' attached')) resolve();
      else reject(new Error(`strace ended with ${code}: ${heard}`));
    });
  });
}

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return start(program, args, options).ended;
}

/** What the program was told is durable: names of records (`ACK NAME`), and `CLAIMED CLAIM`, `ENDED CLAIM` as they are. */
export function acksOf(said: readonly string[]): string[] {
  return said
    .filter((line) => /^(ACK|CLAIMED|ENDED) /.test(line))
    .map((line) => (line.startsWith('ACK ') ? line.slice(4) : line));
}

/** Works through a list, a few at a time. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items].reverse();
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
