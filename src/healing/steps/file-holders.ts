import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';
import { identityOf } from '../../core/host/process-identity.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { type FileId, fileKey } from './open-files.js';

export interface FileHolders {
  /** Who has one of the files open. Of processes of other accounts only root sees that. */
  readonly holders: readonly ProcessIdentity[];
  /** Processes that have one of them locked, and of which it cannot be seen that they have it open. */
  readonly hiddenLockers: readonly number[];
}

/** Throws what the system says when /proc cannot be read. */
export async function findFileHolders(files: readonly FileId[]): Promise<FileHolders> {
  const holders: ProcessIdentity[] = [];
  if (files.length === 0) return { holders, hiddenLockers: [] };
  const keys = new Set(files.map(fileKey));
  const inodes = new Set(files.map(({ ino }) => String(ino)));
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const identity = holds(pid, keys, inodes) ? identityOf(pid) : undefined;
    if (identity !== undefined) holders.push(identity);
    await breath();
  }
  const seen = new Set(holders.map(({ pid }) => pid));
  const lockers = lockersIn(readFileSync('/proc/locks', 'latin1'), files);
  return { holders, hiddenLockers: lockers.filter((pid) => !seen.has(pid) && identityOf(pid) !== undefined) };
}

/** Whether the process has one of the files open now. */
export function holdsFile(pid: number, files: readonly FileId[]): boolean {
  return holds(pid, new Set(files.map(fileKey)), new Set(files.map(({ ino }) => String(ino))));
}

function holds(pid: number, keys: ReadonlySet<string>, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => leadsToOne(pid, fd, keys, inodes));
  } catch {
    // It has ended, or belongs to another account.
    return false;
  }
}

function leadsToOne(pid: number, fd: string, keys: ReadonlySet<string>, inodes: ReadonlySet<string>): boolean {
  try {
    const link = `/proc/${pid}/fd/${fd}`;
    if (!readlinkSync(link).startsWith('/')) return false;
    // Since Linux 5.14. A look at a file of a hung network disk would hang us.
    const ino = /^ino:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1];
    if (ino !== undefined && !inodes.has(ino)) return false;
    return keys.has(fileKey(statSync(link, { bigint: true })));
  } catch {
    return false;
  }
}

/** The pids in the text of /proc/locks that hold a lock on one of the files, each once. */
export function lockersIn(text: string, files: readonly FileId[]): number[] {
  const places = new Set(files.map(({ dev, ino }) => `${hex(majorOf(dev))}:${hex(minorOf(dev))}:${ino}`));
  const pids = new Set<number>();
  for (const line of text.split('\n')) {
    const match = /^\d+: \S+ +\S+ +\S+ +(\d+) ([0-9a-f]+:[0-9a-f]+:\d+) /.exec(line);
    if (match?.[2] !== undefined && places.has(match[2])) pids.add(Number(match[1]));
  }
  return [...pids];
}

function hex(number: bigint): string {
  return number.toString(16).padStart(2, '0');
}

/** As glibc's gnu_dev_major and gnu_dev_minor take a device number apart. */
function majorOf(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
}

function minorOf(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
}
