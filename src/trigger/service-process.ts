import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, OperatorError } from '../core/errors.js';
import { ChildLines, objectOf } from './child-lines.js';
import type { StageOptions } from './drill.js';
import { DRILL_VARIABLE, drillEnvironment } from './drill-remains.js';

const SILENCE_LIMIT_MS = 10_000;

/** Where the services of one stage live. */
export interface Home extends Pick<StageOptions, 'nonce' | 'nodePath' | 'program'> {
  /** Of this drill alone; see drill-directory.ts. */
  readonly directory: string;
}

export async function homeOf({ dir, nonce, nodePath, program }: StageOptions): Promise<Home> {
  return { directory: await dir(), nonce, nodePath, program };
}

export interface ServiceOrder {
  /** Of its pidfile. */
  readonly name: string;
  /** As `drill-service` knows it. */
  readonly kind: string;
  /** Further words for it. */
  readonly words?: Readonly<Record<string, string | number>>;
  /** 0: one that is free, which is then its own. */
  readonly port?: number;
  /** Given to it only when it is started again. */
  readonly laterWords?: Readonly<Record<string, string | number>>;
}

/** A process of drill-service.js, as the stage has started it. */
export interface Service {
  readonly pid: number;
  /** 0 for one that does not listen. */
  readonly port: number;
  readonly pidfile: string;
  /** The step of grace.yaml that ends it and starts it again, at the same port. */
  readonly restart: { readonly restart: object };
  /** SIGUSR2; resolves once it has broken. */
  spoil(): Promise<void>;
  /** SIGHUP; resolves once it has read its files again. */
  reload(): Promise<void>;
  send(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves once it has ended. */
  kill(): Promise<void>;
  readonly ended: Promise<void>;
}

/**
 * Starts a service and resolves once it serves. Rejects with the system's `EADDRINUSE` or `EACCES` when it does not get the
 * port, and else with `GRACE_DRILL_NOT_STAGED`. It may outlive this process: whoever opened its home ends it.
 */
export async function startService(home: Home, order: ServiceOrder): Promise<Service> {
  const { directory, nodePath } = home;
  const child = spawn(nodePath, argumentsOf(home, order, order.port ?? 0), {
    cwd: directory,
    env: drillEnvironment(directory),
    stdio: ['ignore', 'pipe', 'ignore'],
    // As a restart starts it.
    detached: true,
    shell: false,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => child.pid === undefined && resolve());
  });
  const lines = new ChildLines(child);
  const port = await portOf(child, lines, order);
  const pid = child.pid ?? 0;
  const pidfile = join(directory, `${order.name}.pid`);
  writeFileSync(pidfile, `${pid}\n`);
  const obey = async (signal: NodeJS.Signals, done: string) => {
    child.kill(signal);
    const said = await lines.next(SILENCE_LIMIT_MS);
    if (said.kind === 'nothing') throw notStaged(`${order.name} did not ${done}: ${said.reason}`);
  };
  return {
    ...{ pid, port, pidfile, ended },
    restart: {
      restart: {
        start: [nodePath, ...argumentsOf(home, { ...order, words: { ...order.words, ...order.laterWords } }, port)],
        pidfile,
        cwd: directory,
        env: { [DRILL_VARIABLE]: directory },
        grace: '100ms',
      },
    },
    spoil: () => obey('SIGUSR2', 'spoil'),
    reload: () => obey('SIGHUP', 'reload'),
    send: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    ended,
  };
}

function argumentsOf({ program, directory, nonce }: Home, { kind, words }: ServiceOrder, port: number): string[] {
  const all = { home: directory, nonce, port, ...words };
  return [
    program('drill-service'),
    kind,
    ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ];
}

/** From the first thing it says. */
async function portOf(child: ChildProcess, lines: ChildLines, { name, port = 0 }: ServiceOrder): Promise<number> {
  const said = await lines.next(SILENCE_LIMIT_MS);
  const answer = said.kind === 'line' ? objectOf(said.line) : undefined;
  const ready = answer?.ready;
  if (ready === null) return 0;
  if (typeof ready === 'number' && (port === 0 || ready === port)) return ready;
  child.kill('SIGKILL');
  const failed = typeof answer?.failed === 'string' ? answer.failed : undefined;
  // For whoever has asked for that port to say whose it is.
  if (failed === 'EADDRINUSE' || failed === 'EACCES') {
    throw Object.assign(new Error(`${name} cannot listen on port ${port}: ${failed}`), { code: failed });
  }
  throw notStaged(
    `${name} did not start: ${said.kind === 'nothing' ? said.reason : (failed ?? 'it does not speak as it should')}`,
  );
}

function notStaged(reason: string): OperatorError {
  return new OperatorError('GRACE_DRILL_NOT_STAGED', EXIT.badAnswer, `of the services of this drill ${reason}`);
}
