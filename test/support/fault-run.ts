import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

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
}

/** Starts `node PROGRAM ARGS` in a process group of its own, with an environment built from nothing. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): RunningProgram {
  const argv = [...(options.under ?? []), process.execPath, program, ...args];
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    detached: true,
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    // One thread for the runtime's own file calls: the Nth sync is then the Nth sync of that thread.
    env: { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1', NO_COLOR: '1', ...options.env },
  });
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
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
      resolve({ code, signal, said, stderr, hung });
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

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return start(program, args, options).ended;
}

/** Names after `ACK `: what the program was told is durable. */
export function acksOf(said: readonly string[]): string[] {
  return said.filter((line) => line.startsWith('ACK ')).map((line) => line.slice(4));
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
