import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, expect, onTestFinished } from 'vitest';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import type { NewIncident } from '../../src/core/records/incident.js';
import { type Dump, dumpDatabase } from './dump-registry.js';

/** The project's folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The real program, built beforehand. */
export const GRACE = join(ROOT, 'bin/grace.js');

let stateHome: string | undefined;
afterAll(() => {
  if (stateHome !== undefined) rmSync(stateHome, { recursive: true, force: true });
});

/** The environment of every `grace` that a test starts: keys land in a directory of this process, and nowhere else. */
export function cliEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  stateHome ??= mkdtempSync(join(tmpdir(), 'grace-state-'));
  return { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_STATE_HOME: stateHome, ...more };
}

/** Names of the keys that were made by what {@link cliEnv} was given to. */
export function keysMade(): string[] {
  const keys = join(cliEnv().XDG_STATE_HOME ?? '', 'grace/keys');
  return existsSync(keys) ? readdirSync(keys).sort() : [];
}

/** What the first writing command says of the seal: the public key, what to do with it, where the secret half is. */
const SEAL_NOTE = new RegExp(
  [
    '^grace: note: the audit log is sealed from now on(?:; what was done to its \\d+ older lines before, nobody can tell)?\\. Its public key:\n',
    '[A-Za-z0-9.-]+/grace/[0-9a-f]{32}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]+\n',
    'grace: note: keep a copy of that line elsewhere: with it anybody can check what this host says of itself\n',
    'grace: note: the secret half is .+, for this account alone\n',
  ].join(''),
  'm',
);

/** What was said on stderr besides the announcement of the seal. */
export function besidesSeal(stderr: string): string {
  return stderr.replace(SEAL_NOTE, '');
}

/** Of several writers in one new directory just one has sealed the log, and none had anything else to say. */
export function expectSealedOnce(runs: readonly { readonly code: number | null; readonly stderr: string }[]): void {
  expect(runs.map(({ code, stderr }) => [code, besidesSeal(stderr)])).toEqual(runs.map(() => [0, '']));
  expect(runs.filter(({ stderr }) => SEAL_NOTE.test(stderr))).toHaveLength(1);
}

export interface CliOptions {
  readonly cwd?: string;
  /** Added to {@link cliEnv}. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Put before `node bin/grace.js`. */
  readonly under?: readonly string[];
  readonly uid?: number;
  readonly timeout_ms?: number;
}

export interface CliRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Called with each whole line of stdout as it comes. */
  onLine(listen: (line: string) => void): void;
  readonly ended: Promise<CliRun>;
}

/** Starts `grace` in a process group of its own: whatever it starts can be found by that. */
export function startGrace(args: readonly string[], options: CliOptions = {}): RunningCli {
  const [command = '', ...rest] = [...(options.under ?? []), process.execPath, GRACE, ...args];
  const child = spawn(command, rest, {
    cwd: options.cwd ?? '/',
    env: cliEnv(options.env),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  stdin.on('error', () => {});
  stdin.end(options.input ?? '');
  const said = { stdout: '', stderr: '' };
  const listeners: ((line: string) => void)[] = [];
  let told = 0;
  stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    for (let end = said.stdout.indexOf('\n', told); end !== -1; end = said.stdout.indexOf('\n', told)) {
      const line = said.stdout.slice(told, end);
      told = end + 1;
      for (const listen of listeners) listen(line);
    }
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const timer = setTimeout(() => killGroup(pid), options.timeout_ms ?? 30_000);
  const ended = new Promise<CliRun>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...said, pid });
    });
  });
  return { child, pid, ended, onLine: (listen) => void listeners.push(listen) };
}

export function grace(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return startGrace(args, options).ended;
}

function killGroup(pgid: number): void {
  try {
    process.kill(-pgid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Command lines of the processes of a group that have not ended. */
export function processesOf(pgid: number): string[] {
  const found: string[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(group) !== pgid || state === 'Z' || state === 'X') continue;
      found.push(`${name} ${readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')}`);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Waits until nothing of the group is left; answers what still is after the time is up. */
export async function leftOver(pgid: number, patience_ms = 3000): Promise<string[]> {
  const deadline = performance.now() + patience_ms;
  for (;;) {
    const left = processesOf(pgid);
    if (left.length === 0 || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether the port of the loopback address can be had. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The same, with patience for a process that has ended but for a last thread, which still has its sockets. */
export async function becomesFree(port: number, patience_ms = 3000): Promise<boolean> {
  const deadline = performance.now() + patience_ms;
  while (!(await isFree(port))) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

/** A process of its own that holds a port until the test ends. */
export async function holdPort(host = '127.0.0.1'): Promise<{ port: number; pid: number; alive: () => boolean }> {
  const script = `const s = require('node:net').createServer().listen(0, '${host}', () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  return { port, pid: child.pid ?? 0, alive: () => child.exitCode === null && child.signalCode === null };
}

export interface Logs {
  readonly incidents: NewIncident[];
  readonly audit: AuditEntry[];
}

export function readLogs(dir: string): Logs {
  return {
    incidents: linesOf(join(dir, 'incidents.jsonl')).map((line) => JSON.parse(line) as NewIncident),
    audit: linesOf(join(dir, 'immutable_audit.jsonl')).map((line) => JSON.parse(line) as AuditEntry),
  };
}

export function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** The rows of the registry in that directory, opened as SQLite would by anybody. */
export function dumpOf(dir: string): Dump {
  const db = new Database(join(dir, 'registry.db'), { readonly: true });
  try {
    return dumpDatabase(db);
  } finally {
    db.close();
  }
}

export function dropRegistry(dir: string): void {
  for (const name of ['registry.db', 'registry.db-wal', 'registry.db-shm']) rmSync(join(dir, name), { force: true });
}

/** What every failure an operator can meet looks like: a sentence, a code, no stack trace. */
export function isSentence(stderr: string): boolean {
  return /^grace: error: .+ \[GRACE_[A-Z_]+\]$/m.test(stderr) && !/^\s+at /m.test(stderr) && !/GRACE_BUG/.test(stderr);
}

export const RAW_CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
