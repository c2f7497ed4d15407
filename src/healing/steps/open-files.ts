import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';

export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

export function fileKey({ dev, ino }: FileId): string {
  return `${dev}:${ino}`;
}

/**
 * Which of those files some process has open, as {@link fileKey}. Of processes of other accounts only root sees. Only
 * files with one of these inode numbers are looked at: a look at a file of a hung network disk would hang us.
 */
export async function openFiles(candidates: readonly FileId[]): Promise<ReadonlySet<string>> {
  const keys = new Set(candidates.map(fileKey));
  const inodes = new Set(candidates.map(({ ino }) => String(ino)));
  const open = new Set<string>();
  if (keys.size === 0) return open;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const key = keyOfDescriptor(pid, fd, inodes);
      if (key !== undefined && keys.has(key)) open.add(key);
    }
    await breath();
  }
  return open;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // It has ended, or belongs to another account.
    return [];
  }
}

function keyOfDescriptor(pid: string, fd: string, inodes: ReadonlySet<string>): string | undefined {
  try {
    const link = `/proc/${pid}/fd/${fd}`;
    if (!readlinkSync(link).startsWith('/')) return undefined;
    // Since Linux 5.14; before it every file is looked at.
    const ino = /^ino:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1];
    if (ino !== undefined && !inodes.has(ino)) return undefined;
    return fileKey(statSync(link, { bigint: true }));
  } catch {
    return undefined;
  }
}
