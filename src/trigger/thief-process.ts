import { type ChildProcess, spawn } from 'node:child_process';
import { EXIT, OperatorError } from '../core/errors.js';
import { identityOf, isAlive } from '../core/host/process-identity.js';
import type { ProcessIdentity } from '../core/records/claim.js';
import { ChildLines, objectOf } from './child-lines.js';

const SILENCE_LIMIT_MS = 10_000;

export interface ThiefOptions {
  readonly port: number;
  readonly host: string;
  /** Absolute path of port-thief.js. */
  readonly program: string;
  /** Absolute path of node. */
  readonly nodePath: string;
  /** How long it may say nothing; 10 s if not given. */
  readonly silence_limit_ms?: number;
}

export interface Thief {
  readonly identity: ProcessIdentity;
  readonly pid: number;
  /** Where it listens. */
  readonly port: number;
  /** Resolves once it has ended, however that came about. May be called any number of times. */
  end(): Promise<void>;
}

/**
 * Starts the thief and resolves once it holds the port. It lives at most as long as this process: it watches the pipe
 * that is its stdin, whose other end nobody but us has. Rejects, with no process left behind, if it does not get the port.
 */
export async function startThief(options: ThiefOptions): Promise<Thief> {
  const { program, nodePath, host, port } = options;
  const env: NodeJS.ProcessEnv = Object.create(null);
  // Node hands its own value on to every child unless it is set; undefined sets nothing.
  env.NODE_V8_COVERAGE = undefined;
  const child = spawn(nodePath, [program, '--port', String(port), '--host', host], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: false,
    shell: false,
  });
  // A pipe to a process that has died: its end is told by 'exit', this says nothing new.
  child.stdin?.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => child.pid === undefined && resolve());
  });

  const lines = new ChildLines(child);
  try {
    const said = await lines.next(options.silence_limit_ms ?? SILENCE_LIMIT_MS);
    if (said.kind === 'nothing') throw notStarted(said.reason, said.cause);
    const listening = listeningPort(said.line, port);
    // We have not waited for it, so that its pid is its own until then.
    const { pid } = child;
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (pid === undefined || identity === undefined) throw notStarted('it ended as soon as it had the port');
    return { identity, pid, port: listening, end: () => endOf(child, identity, exited) };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    close(child);
    throw error;
  }
}

async function endOf(child: ChildProcess, identity: ProcessIdentity, exited: Promise<void>): Promise<void> {
  if (isAlive(identity)) child.kill('SIGKILL');
  await exited;
  close(child);
}

/** Of the pipes nothing more is read, and an open one would keep this process alive. */
function close(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
}

/** Throws when the line says anything but that it listens, on the port that was asked for. */
function listeningPort(line: string, wanted: number): number {
  const said = objectOf(line);
  const listening = said?.listening;
  if (typeof listening === 'number' && (wanted === 0 || listening === wanted)) return listening;
  const failed = said?.failed;
  if (failed === 'EADDRINUSE') {
    throw new OperatorError('GRACE_PORT_TAKEN', EXIT.badAnswer, `port ${wanted} is already taken by somebody else`, {
      hint: 'grace trigger drill port-in-use   # takes a port that is free',
    });
  }
  throw notStarted(
    typeof failed === 'string' ? `it cannot listen on port ${wanted}: ${failed}` : 'it does not speak as it should',
  );
}

function notStarted(reason: string, cause?: unknown): OperatorError {
  return new OperatorError('GRACE_THIEF_NOT_STARTED', EXIT.unexpected, `the port thief did not start: ${reason}`, {
    cause,
  });
}
