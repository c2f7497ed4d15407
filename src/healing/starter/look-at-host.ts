import { constants, type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/host/clock.js';
import type { FoundOnHost, Listener } from './found-on-host.js';
import { headOf } from './head-of.js';
import { isOwnDatabase } from './own-database.js';

/** For all of it together, and for the search for databases. */
const MOST_S = 2;
const MAX_DEPTH = 5;
const MAX_FILES = 20_000;
const MOST_FOUND = 12;
/** Above these the kernel gives out ports by itself: who listens there now listens elsewhere tomorrow. */
const FIRST_EPHEMERAL = 32_768;
const REAL_FILESYSTEMS = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'jfs',
  'reiserfs',
  'bcachefs',
]);
const SQLITE_MAGIC = 'SQLite format 3\0';

/** Where is looked; another one only in tests. */
export interface Places {
  readonly units: string;
  readonly databases: readonly string[];
  readonly certificates: readonly string[];
}

const PLACES: Places = {
  units: '/etc/systemd/system',
  databases: ['/var/lib', '/srv', '/opt'],
  certificates: ['/etc/letsencrypt/live', '/etc/ssl/private'],
};

/** Looks at this host for at most some seconds, changes nothing, and leaves out what this account may not see. */
export function lookAtHost(clock: Clock, places = PLACES): FoundOnHost {
  const until_s = clock.elapsed() + MOST_S;
  const isLate = () => clock.elapsed() > until_s;
  return {
    listeners: listeners(isLate),
    units: unitFiles(places.units),
    mounts: mounts(),
    certificates: search(places.certificates, /\.(pem|crt)$/, isCertificate, isLate),
    databases: search(places.databases, /\.(db|db3|sqlite|sqlite3)$/, isDatabase, isLate),
  };
}

function listeners(isLate: () => boolean): Listener[] {
  const ports = new Map<number, number>();
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of textOf(path).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.split(':')[1] ?? '', 16);
      if (state === '0A' && port < FIRST_EPHEMERAL) ports.set(Number(inode), port);
    }
  }
  const found = new Map<number, Listener>();
  for (const port of ports.values()) found.set(port, { port });
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    if (isLate()) break;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      const port = inode === undefined ? undefined : ports.get(Number(inode));
      // The one that was started first: a master comes before its workers.
      if (port === undefined || found.get(port)?.executable !== undefined) continue;
      const executable = linkOf(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '');
      const unit = unitOf(pid);
      found.set(port, {
        port,
        ...(executable === undefined ? {} : { executable }),
        ...(unit === undefined ? {} : { unit }),
      });
    }
  }
  return [...found.values()].toSorted((a, b) => a.port - b.port);
}

/** By the control group that systemd keeps a service in; that of a login has managers of its own. */
function unitOf(pid: string): string | undefined {
  const [, group = ''] = /^\d+:(?:name=systemd)?:(.*)$/m.exec(textOf(`/proc/${pid}/cgroup`)) ?? [];
  return group.startsWith('/user.slice/') ? undefined : /\/([^/]+\.service)(?:\/|$)/.exec(group)?.[1];
}

/** Those that somebody put there, not the links by which others are switched on. */
function unitFiles(dir: string): string[] {
  return entriesIn(dir)
    .filter((entry) => entry.isFile() && entry.name.endsWith('.service') && !entry.name.includes('@.'))
    .map(({ name }) => name)
    .toSorted();
}

function mounts(): string[] {
  const paths = textOf('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type = '', options = '']) => REAL_FILESYSTEMS.has(type) && !options.split(',').includes('ro'))
    // As the kernel writes blanks, tabs and backslashes there.
    .map(([, path = '']) =>
      path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    );
  return [...new Set(paths)].toSorted();
}

function search(
  roots: readonly string[],
  named: RegExp,
  is: (path: string) => boolean,
  isLate: () => boolean,
): string[] {
  const found: string[] = [];
  let left = roots.map((path) => ({ path, depth: 0 }));
  for (let seen = 0; left.length > 0; ) {
    const inner: typeof left = [];
    for (const { path, depth } of left) {
      for (const entry of entriesIn(path)) {
        if (++seen > MAX_FILES || found.length >= MOST_FOUND || isLate()) return found.toSorted();
        const at = join(path, entry.name);
        if (entry.isDirectory() && depth < MAX_DEPTH) inner.push({ path: at, depth: depth + 1 });
        else if (!entry.isDirectory() && named.test(entry.name) && is(at)) found.push(at);
      }
    }
    // What lies higher is found first.
    left = inner;
  }
  return found.toSorted();
}

function isDatabase(path: string): boolean {
  return headOf(path, SQLITE_MAGIC.length, constants.O_NOFOLLOW) === SQLITE_MAGIC && !isOwnDatabase(path);
}

/** What Let's Encrypt keeps for use are links. A chain is told by the certificate that comes first in it. */
function isCertificate(path: string): boolean {
  return !/\/(chain|privkey)\.pem$/.test(path) && headOf(path, 4096).includes('-----BEGIN CERTIFICATE-----');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function entriesIn(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
