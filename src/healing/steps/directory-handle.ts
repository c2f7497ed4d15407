import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { effectiveUid } from '../../core/host/account.js';
import { mayFollow } from './followed-link.js';

/**
 * A directory by its descriptor. Names in it are reached through /proc/self/fd, so that nobody who renames or replaces a
 * directory above meanwhile leads us elsewhere. On the way no symbolic link is followed that somebody else could have laid.
 */
export interface DirectoryHandle {
  readonly fd: number;
  readonly dev: bigint;
  /** Of the mount, which a bind mount of the same device does not share. */
  readonly mount: string;
  /** How a name in it is spelled for a system call. */
  at(name: string): string;
  /** Where it really lies just now; for sentences, and for what can only be told a name. */
  realPath(): string;
  close(): void;
}

/** A link that is not followed. */
export class UntrustedLink extends Error {
  constructor(link: string) {
    super(`others could change the symbolic link ${link}: name where it really leads`);
  }
}

/** Only leads on to a name in it; reading the directory is not needed for that. */
const O_PATH = 0o10000000;
const STEP = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** As the kernel has it. */
const MAX_LINKS = 40;

/** To list it. Throws what the system says, and {@link UntrustedLink}. */
export function openDirectory(path: string): DirectoryHandle {
  const fd = walk(path);
  try {
    return handleOf(openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_DIRECTORY));
  } finally {
    closeSync(fd);
  }
}

/** The same to reach names in it alone: it need not be readable. */
export function openDirectoryForNames(path: string): DirectoryHandle {
  return handleOf(walk(path));
}

/** A directory in that one, if it is of the same mount. No link is followed. Throws what the system says. */
export function openDirectoryIn(parent: DirectoryHandle, name: string): DirectoryHandle | undefined {
  const handle = handleOf(openSync(parent.at(name), constants.O_RDONLY | constants.O_NONBLOCK | STEP));
  if (handle.dev === parent.dev && handle.mount === parent.mount) return handle;
  handle.close();
  return undefined;
}

/** Component by component; answers a descriptor. */
function walk(path: string): number {
  const way: Stats[] = [];
  let left = partsOf(path);
  let at = '/';
  let fd = openSync(at, O_PATH | STEP);
  try {
    for (let links = 0; ; ) {
      way.push(fstatSync(fd));
      const [name, ...rest] = left;
      if (name === undefined) return fd;
      const to = linkIn(fd, name);
      if (to === undefined) {
        fd = exchanged(fd, `/proc/self/fd/${fd}/${name}`);
        at = posix.join(at, name);
        left = rest;
        continue;
      }
      if (++links > MAX_LINKS || !mayFollow(to, way, effectiveUid())) throw new UntrustedLink(posix.join(at, name));
      left = [...partsOf(to.target), ...rest];
      if (!to.target.startsWith('/')) continue;
      fd = exchanged(fd, '/');
      at = '/';
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** `undefined` for what is no link. What becomes one after this look is not followed. */
function linkIn(fd: number, name: string): { readonly uid: number; readonly target: string } | undefined {
  const path = `/proc/self/fd/${fd}/${name}`;
  const stats = lstatSync(path);
  return stats.isSymbolicLink() ? { uid: stats.uid, target: readlinkSync(path) } : undefined;
}

function exchanged(former: number, path: string): number {
  const fd = openSync(path, O_PATH | STEP);
  closeSync(former);
  return fd;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function handleOf(fd: number): DirectoryHandle {
  try {
    const { dev } = fstatSync(fd, { bigint: true });
    const mount = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    return {
      ...{ fd, dev, mount },
      at: (name) => `/proc/self/fd/${fd}/${name}`,
      realPath: () => readlinkSync(`/proc/self/fd/${fd}`),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
