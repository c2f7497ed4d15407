import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);

export interface Child {
  readonly pid: number;
  /** The next line it printed; fails when it ends without one. */
  nextLine(): Promise<string>;
  /** Everything it printed that {@link nextLine} has not taken. */
  rest(): Promise<string[]>;
  send(line: string): void;
  kill(signal?: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/**
 * Makes a program of a piece of TypeScript, which imports `src/X.ts` as `grace:X`. It is a real program
 * in a real process; `argv` are its arguments.
 */
export async function program(source: string): Promise<(argv?: readonly string[]) => Child> {
  const file = join(tempDir(), 'program.mjs');
  await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    loader: { '.sql': 'text' },
    logLevel: 'error',
    plugins: [
      {
        name: 'grace',
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^grace:/ }, ({ path, kind }) =>
            resolve(`./src/${path.slice('grace:'.length)}.ts`, { kind, resolveDir: ROOT }),
          );
          onResolve({ filter: /^better-sqlite3$/ }, ({ path }) => ({
            path: pathToFileURL(require.resolve(path)).href,
            external: true,
          }));
        },
      },
    ],
  });
  return (argv = []) => child(process.execPath, [file, ...argv]);
}

function child(command: string, argv: readonly string[]): Child {
  const running: ChildProcess = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr, pid } = running;
  if (!stdin || !stdout || !stderr || pid === undefined) throw new Error('it did not start');
  stdin.on('error', () => {});
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<Awaited<Child['ended']>>((resolve) => {
    running.on('close', (code, signal) => resolve({ code, signal, stderr: errors }));
  });
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  onTestFinished(async () => {
    running.kill('SIGKILL');
    await ended;
  });
  return {
    pid,
    ended,
    async nextLine() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`it ended without a line: ${JSON.stringify(await ended)}`);
      return value;
    },
    async rest() {
      const rest: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) return rest;
        rest.push(value);
      }
    },
    send: (text) => stdin.write(`${text}\n`),
    kill: (signal = 'SIGKILL') => running.kill(signal),
  };
}
