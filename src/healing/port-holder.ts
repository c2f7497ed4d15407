import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { napMs } from '../core/host/nap.js';
import { identityOf } from '../core/host/process-identity.js';
import type { ProcessIdentity } from '../core/records/claim.js';

/** One process that holds a listening socket. A holder of two sockets appears twice. */
export interface Holder {
  readonly identity: ProcessIdentity;
  /** The command line, arguments joined by blanks; from another's hands: escape it before it is shown. */
  readonly command: string;
  /** Effective uid of the process. */
  readonly uid: number;
  /** Of the listening socket. */
  readonly inode: number;
}

export type PortHolders =
  | { readonly kind: 'free' }
  | {
      readonly kind: 'held';
      /** Eldest first, so that a master comes before its workers. At least one for each listening socket. */
      readonly holders: readonly Holder[];
      /** Processes we may not look into; one of them may share the socket. */
      readonly unreadable: number;
    }
  | { readonly kind: 'hidden'; readonly reason: string };

/** A line of /proc/net/tcp or tcp6. */
export interface TcpSocket {
  readonly port: number;
  /** Two hex digits; `0A` listens. */
  readonly state: string;
  /** Of whoever created the socket. */
  readonly uid: number;
  readonly inode: number;
}

const LISTEN = '0A';
/** A half-open connection: kernels before 4.4 list it among the listeners. */
const SYN_RECV = '03';
const MAX_COMMAND_BYTES = 4096;
/** A little more than a line of tcp, which has 150. */
const READ_BYTES = 160;

/**
 * Who listens on that TCP port, on any address, in our network namespace. Never throws: what cannot be seen is `hidden`.
 * Looks at every process, since a socket may be shared. A process that is just ending lets go of its descriptors a moment
 * before its socket is gone; for that moment this blocks up to `patience_ms` (whole milliseconds).
 */
export function findPortHolders(port: number, patience_ms = 2): PortHolders {
  for (let waited_ms = 0; ; waited_ms++) {
    const found = look(port);
    if (found.kind !== 'hidden' || waited_ms >= patience_ms) return found;
    napMs(1);
  }
}

/** The listening sockets on that port. Throws what the kernel says when /proc/net cannot be read. */
export function listeningSockets(port: number): TcpSocket[] {
  const paths = hasTcp6Sockets() ? ['/proc/net/tcp', '/proc/net/tcp6'] : ['/proc/net/tcp'];
  return paths.flatMap((path) => listenersIn(readListeners(path), port));
}

/** Reading tcp6 costs as much when there is nothing in it. The kernel counts sockets where it lists them. */
function hasTcp6Sockets(): boolean {
  try {
    return !/^TCP6: inuse 0$/m.test(readFileSync('/proc/net/sockstat6', 'latin1'));
  } catch {
    return true;
  }
}

/** The process as it is now, if it has that socket open. */
export function holderNow(pid: number, inode: number): Holder | undefined {
  return holdsSocket(pid, inode) ? describe(pid, inode) : undefined;
}

/** False when it has let go of the socket, or has ended to the last thread: the first thread to end is seldom that. */
export function mayStillHold({ identity: { pid }, inode }: Holder): boolean {
  return holdsSocket(pid, inode) || (identityOf(pid) === undefined && threadsOf(pid) > 1);
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function holdsSocket(pid: number, inode: number): boolean {
  const held = socketsOf(pid, new Set([inode]));
  return held !== 'unreadable' && held.length > 0;
}

function look(port: number): PortHolders {
  try {
    const sockets = listeningSockets(port);
    return sockets.length === 0 ? { kind: 'free' } : whoHas(port, sockets, pidsNewestFirst());
  } catch (error) {
    return { kind: 'hidden', reason: `who listens on port ${port} cannot be read: ${(error as Error).message}` };
  }
}

function whoHas(port: number, sockets: readonly TcpSocket[], pids: readonly number[]): PortHolders {
  const inodes = new Set(sockets.map((socket) => socket.inode));
  const holders: Holder[] = [];
  let unreadable = 0;
  for (const pid of pids) {
    const held = socketsOf(pid, inodes);
    if (held === 'unreadable') {
      unreadable++;
      continue;
    }
    for (const inode of held) {
      const holder = describe(pid, inode);
      if (holder !== undefined) holders.push(holder);
    }
  }
  const unseen = sockets.find((socket) => !holders.some((holder) => holder.inode === socket.inode));
  if (unseen !== undefined) return { kind: 'hidden', reason: whyHidden(port, unseen, unreadable) };
  holders.sort((a, b) => a.identity.start_time - b.identity.start_time || a.identity.pid - b.identity.pid);
  return { kind: 'held', holders, unreadable };
}

function whyHidden(port: number, socket: TcpSocket, unreadable: number): string {
  const what = `a socket of uid ${socket.uid} listens on port ${port}`;
  return unreadable > 0
    ? `${what}, but whose it is cannot be seen: ${unreadable} processes of other accounts may not be looked into`
    : `${what}, but no visible process has it open: the kernel itself, or a process of another namespace`;
}

/** `"1F90"` → 8080; `undefined` for anything but four hex digits. */
export function parseHexPort(hex: string): number | undefined {
  return /^[0-9A-Fa-f]{4}$/.test(hex) ? Number.parseInt(hex, 16) : undefined;
}

/** `undefined` for the heading and for anything that is no such line. */
export function parseTcpLine(line: string): TcpSocket | undefined {
  const fields = line.trim().split(/\s+/);
  const local = /^(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4})$/.exec(fields[1] ?? '');
  const port = local?.[1] === undefined ? undefined : parseHexPort(local[1]);
  const state = fields[3]?.toUpperCase();
  const uid = Number(fields[7]);
  const inode = Number(fields[9]);
  if (port === undefined || state === undefined || !Number.isSafeInteger(uid) || !Number.isSafeInteger(inode)) {
    return undefined;
  }
  return { port, state, uid, inode };
}

/** The sockets listening on `port` in the text of /proc/net/tcp or tcp6. */
export function listenersIn(text: string, port: number): TcpSocket[] {
  const found: TcpSocket[] = [];
  for (const line of text.split('\n')) {
    const socket = parseTcpLine(line);
    if (socket !== undefined && socket.state === LISTEN && socket.port === port) found.push(socket);
  }
  return found;
}

/**
 * To go past its last listener the kernel walks its whole table of connections: 2.5 ms for 262,144 empty buckets (24 GiB
 * of memory). It lists "first all listening sockets, next all established connections" (proc_net_tcp.rst), so reading ends
 * at the first of the latter. And it looks no further than it needs to fill what was asked for, so little is asked for at
 * a time: in place of the whole table it walks to the first connections. An answer with room left was the last one.
 */
function readListeners(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    // A kernel without IPv6 has no tcp6.
    if (path.endsWith('6') && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let text = '';
    for (;;) {
      const bytes = readSync(fd, buffer, 0, buffer.length, null);
      text += buffer.toString('latin1', 0, bytes);
      if (bytes < buffer.length || endsPastListeners(text)) return text;
    }
  } finally {
    closeSync(fd);
  }
}

/** Is the last whole line neither a heading nor a listener? */
function endsPastListeners(text: string): boolean {
  const end = text.lastIndexOf('\n');
  const last = parseTcpLine(text.slice(text.lastIndexOf('\n', end - 1) + 1, end));
  return last !== undefined && last.state !== LISTEN && last.state !== SYN_RECV;
}

function pidsNewestFirst(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);
}

/** Which of those sockets the process has open. A process that has ended has none. */
function socketsOf(pid: number, inodes: ReadonlySet<number>): number[] | 'unreadable' {
  const held = new Set<number>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = socketInode(`/proc/${pid}/fd/${fd}`);
      if (inode !== undefined && inodes.has(inode)) held.add(inode);
    }
  } catch (error) {
    if (!isGone(error)) return 'unreadable';
  }
  return [...held];
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

function socketInode(link: string): number | undefined {
  let to: string;
  try {
    to = readlinkSync(link);
  } catch (error) {
    // Closed since the listing; a refusal is the caller's to judge.
    if (isGone(error)) return undefined;
    throw error;
  }
  return to.startsWith('socket:[') ? Number(to.slice('socket:['.length, -1)) : undefined;
}

function describe(pid: number, inode: number): Holder | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const uid = Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]);
    const command = commandOf(pid) ?? `[${/^Name:\t(.*)/.exec(status)?.[1]}]`;
    // Last: an identity that was there before and is there now covers everything read in between.
    const identity = identityOf(pid);
    return identity && { identity, command, uid, inode };
  } catch {
    return undefined;
  }
}

/** `undefined` for a process without a command line: a kernel thread, or one that is ending. */
function commandOf(pid: number): string | undefined {
  const fd = openSync(`/proc/${pid}/cmdline`, 'r');
  try {
    const buffer = Buffer.alloc(MAX_COMMAND_BYTES);
    const bytes = readSync(fd, buffer, 0, buffer.length, null);
    const command = buffer.toString('utf8', 0, bytes).replace(/\0+$/, '').replaceAll('\0', ' ');
    return command === '' ? undefined : command;
  } finally {
    closeSync(fd);
  }
}
