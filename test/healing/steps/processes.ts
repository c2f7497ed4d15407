import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { identityOf, isAlive } from '../../../src/core/host/process-identity.js';
import type { ProcessIdentity } from '../../../src/core/records/claim.js';

/** Starts a program that is killed when the test ends; resolves with the line it printed. */
export async function started(argv: readonly string[]): Promise<{ who: ProcessIdentity; line: string }> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (bytes) => resolve(String(bytes).trim())),
  );
  return { who: identity(child.pid), line };
}

/** A process that only waits, in a group of its own. */
export async function sleeper(as: { uid?: number } = {}): Promise<ProcessIdentity> {
  const child = spawn('/usr/bin/sleep', ['60'], { ...as, stdio: 'ignore', detached: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  // Before its exec it is still ourselves.
  await until(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'sleep\n');
  return identity(child.pid);
}

export function identity(pid: number | undefined): ProcessIdentity {
  const found = identityOf(pid ?? 0);
  if (found === undefined) throw new Error(`there is no process ${pid}`);
  return found;
}

/** Killed when the test ends, with the group that it leads, also if it has ended before. */
export function endsWithTest(pid: number): void {
  const who = identityOf(pid);
  onTestFinished(() => {
    // The number is another's by now.
    if (identityOf(pid) !== undefined && !(who && isAlive(who))) return;
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  });
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
