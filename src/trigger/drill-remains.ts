import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../core/host/has-ended.js';
import { identityOf } from '../core/host/process-identity.js';
import { ownPid, sendSignal } from '../core/host/signal.js';
import type { ProcessIdentity } from '../core/records/claim.js';

/** Stands in the environment of all that a drill starts; its value is the drill's directory. */
export const DRILL_VARIABLE = 'GRACE_DRILL';

const TOOL_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const POLL_MS = 2;
/** Who hangs in the kernel is told, not waited for. */
const MAX_POLLS = 1000;

/** What tools and services of a drill are given for their environment; nothing else gets in. */
export function drillEnvironment(directory: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = Object.create(null);
  env[DRILL_VARIABLE] = directory;
  env.PATH = TOOL_PATH;
  env.LC_ALL = 'C';
  // Node hands its own value on to every child unless it is set; undefined sets nothing.
  env.NODE_V8_COVERAGE = undefined;
  return env;
}

/**
 * Ends with SIGKILL all that a drill has started and unmounts what it has mounted below its directory, which stays. Answers
 * what could not be done, as clauses; any number of times, also for a directory that is gone.
 */
export async function endRemains(directory: string): Promise<string[]> {
  const left = (await endProcessesOf(directory)).map((pid) => `pid ${pid} is still there`);
  // The last that was mounted lies uppermost.
  for (const path of mountsBelow(directory).reverse()) await unmount(path, directory);
  return [...left, ...mountsBelow(directory).map((path) => `${path} is still mounted`)];
}

/** The same, and removes the directory. */
export async function removeRemains(directory: string): Promise<string[]> {
  const left = await endRemains(directory);
  // What is mounted is no longer ours to delete in only once it is unmounted: then it is gone.
  if (left.length > 0) return left;
  try {
    await rm(directory, { recursive: true, force: true });
    return [];
  } catch (error) {
    return [`${directory} cannot be removed: ${(error as Error).message}`];
  }
}

/** Answers who is left. */
async function endProcessesOf(directory: string): Promise<number[]> {
  const wanted = Buffer.from(`\0${DRILL_VARIABLE}=${directory}\0`);
  const ending = new Map<number, ProcessIdentity>();
  for (let polls = 0; ; polls++) {
    for (const pid of pids()) {
      if (pid === ownPid() || !carries(pid, wanted)) continue;
      const identity = identityOf(pid);
      // The last look: between this line and the next no pid comes round again.
      if (identity === undefined || !carries(pid, wanted)) continue;
      ending.set(pid, identity);
      sendSignal(pid, 'SIGKILL');
    }
    for (const [pid, identity] of ending) if (hasEnded(identity)) ending.delete(pid);
    if (ending.size === 0 || polls >= MAX_POLLS) return [...ending.keys()];
    await sleep(POLL_MS);
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function carries(pid: number, wanted: Buffer): boolean {
  try {
    return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`)]).includes(wanted);
  } catch {
    // It has ended, or belongs to another account: then it is not what we started.
    return false;
  }
}

/** In the order in which they were mounted. */
function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter((path) => path.startsWith(`${directory}/`));
}

/** Lazily: whoever looks into it just now is no reason for it to stay. */
function unmount(path: string, directory: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('umount', ['-l', '--', path], {
      env: drillEnvironment(directory),
      stdio: 'ignore',
      shell: false,
    });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
