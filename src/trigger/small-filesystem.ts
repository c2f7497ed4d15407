import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './run-tool.js';

const CAP_SYS_ADMIN = 21n;

/** Why this process cannot mount a file system of its own; `undefined` if it can. */
export function cannotMount(): string | undefined {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  const may = ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  return may ? undefined : 'it needs a small file system of its own, and only root may mount one';
}

/** Mounts a file system in memory below the directory of a drill, with which it goes. Answers its path. */
export async function mountSmall(directory: string, limits: string): Promise<string> {
  const path = join(directory, 'disk');
  mkdirSync(path);
  await runTool(
    ['mount', '-t', 'tmpfs', '-o', `${limits},mode=0700,nosuid,nodev,noexec`, 'grace-drill', path],
    directory,
  );
  return path;
}
