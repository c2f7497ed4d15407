import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * A directory by its descriptor. Names in it are reached through /proc/self/fd, so that nobody who renames or replaces a
 * directory above meanwhile leads us elsewhere; no symbolic link is ever followed.
 */
export interface DirectoryHandle {
  readonly fd: number;
  readonly dev: bigint;
  /** Of the mount, which a bind mount of the same device does not share. */
  readonly mount: string;
  /** How a name in it is spelled for a system call. */
  at(name: string): string;
  close(): void;
}

/** Only leads on to a name in it; reading the directory is not needed for that. */
const O_PATH = 0o10000000;
const STEP = constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Component by component. Throws what the system says: ENOTDIR or ELOOP for a symbolic link on the way. */
export function openDirectory(path: string): DirectoryHandle {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const last = names.pop();
  if (last === undefined) return handleOf(openSync('/', constants.O_RDONLY | STEP));
  let fd = openSync('/', O_PATH | STEP);
  for (const name of names) {
    const parent = fd;
    try {
      fd = openSync(`/proc/self/fd/${parent}/${name}`, O_PATH | STEP);
    } finally {
      closeSync(parent);
    }
  }
  try {
    return handleOf(openSync(`/proc/self/fd/${fd}/${last}`, constants.O_RDONLY | STEP));
  } finally {
    closeSync(fd);
  }
}

/** A directory in that one, if it is of the same mount. Throws what the system says. */
export function openDirectoryIn(parent: DirectoryHandle, name: string): DirectoryHandle | undefined {
  const handle = handleOf(openSync(parent.at(name), constants.O_RDONLY | constants.O_NONBLOCK | STEP));
  if (handle.dev === parent.dev && handle.mount === parent.mount) return handle;
  handle.close();
  return undefined;
}

function handleOf(fd: number): DirectoryHandle {
  try {
    const { dev } = fstatSync(fd, { bigint: true });
    const mount = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    return { fd, dev, mount, at: (name) => `/proc/self/fd/${fd}/${name}`, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
