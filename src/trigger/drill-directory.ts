import { type ChildProcess, spawn } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { EXIT, OperatorError } from '../core/errors.js';
import { ChildLines, objectOf } from './child-lines.js';
import { removeRemains } from './drill-remains.js';

const SILENCE_LIMIT_MS = 10_000;
const END_LIMIT_MS = 15_000;

export interface DrillDirectoryOptions {
  /** Where it is made, such as /tmp. */
  readonly parent: string;
  /** Absolute path of drill-keeper.js. */
  readonly program: string;
  /** Absolute path of node. */
  readonly nodePath: string;
}

/** A directory of one drill alone. It and all that carries its name are gone soon after this process has ended. */
export interface DrillDirectory {
  /** No part of it is a symbolic link. */
  readonly path: string;
  /**
   * Ends what the drill has started, unmounts, removes. Rejects with `GRACE_DRILL_REMAINS` when something is left. May be
   * called any number of times.
   */
  end(): Promise<void>;
}

/** Starts the keeper, which makes the directory and watches the pipe that is its stdin. */
export async function openDrillDirectory(options: DrillDirectoryOptions): Promise<DrillDirectory> {
  const { parent, program, nodePath } = options;
  const env: NodeJS.ProcessEnv = Object.create(null);
  env.NODE_V8_COVERAGE = undefined;
  env.PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
  const child = spawn(nodePath, [program, parent], {
    cwd: '/',
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    // In a session of its own: what ends our group must not end who cleans up after it.
    detached: true,
    shell: false,
  });
  child.stdin?.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => child.pid === undefined && resolve());
  });
  const said = await new ChildLines(child).next(SILENCE_LIMIT_MS);
  const path = said.kind === 'line' ? objectOf(said.line)?.directory : undefined;
  if (typeof path !== 'string' || !isAbsolute(path)) {
    // What it may have made it removes when its stdin ends.
    letGo(child);
    const why = said.kind === 'line' ? `it says ${said.line}` : said.reason;
    throw new OperatorError('GRACE_DRILL_NOT_STAGED', EXIT.badAnswer, `the keeper of the drill did not start: ${why}`);
  }
  let ending: Promise<void> | undefined;
  return {
    path,
    end() {
      ending ??= end(child, exited, path);
      return ending;
    },
  };
}

async function end(child: ChildProcess, exited: Promise<void>, path: string): Promise<void> {
  // Here first: the keeper may have been killed.
  const left = await removeRemains(path);
  child.stdin?.end('over');
  await Promise.race([exited, late()]);
  letGo(child);
  const still = left.length === 0 ? left : await removeRemains(path);
  if (still.length === 0) return;
  throw new OperatorError('GRACE_DRILL_REMAINS', EXIT.badAnswer, `of the drill something is left: ${still.join('; ')}`);
}

function late(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, END_LIMIT_MS).unref());
}

/** An open pipe would keep this process alive; without it the keeper does what it is for. */
function letGo(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.unref();
}
