import { posix } from 'node:path';
import { fsyncDirectory } from '../../core/journal/sync.js';
import { type FileTrouble, troubleOf } from '../regular-file.js';
import { type DirectoryHandle, openDirectoryForNames } from './directory-handle.js';

/** Where a file lies or will lie: a name in a directory that is held, whatever becomes of the names above it. */
export interface FilePlace {
  /** As it was named; for sentences. */
  readonly path: string;
  /** For system calls. What stands there may be a link. */
  readonly at: string;
  /** For what can only be told a name: it lies there just now. */
  readonly real: string;
  readonly directory: DirectoryHandle;
  /** In the same directory, with something at the end of its name. */
  beside(suffix: string): FilePlace;
  /** Makes a created or renamed name durable. */
  syncName(): void;
}

/** Close its directory in the end. */
export function openPlace(path: string): FilePlace | { readonly trouble: FileTrouble } {
  const parent = posix.dirname(path);
  try {
    return placeIn(openDirectoryForNames(parent), path);
  } catch (error) {
    const trouble = troubleOf(error);
    return {
      trouble: trouble.kind === 'missing' ? { ...trouble, sentence: `there is no directory ${parent}` } : trouble,
    };
  }
}

function placeIn(directory: DirectoryHandle, path: string): FilePlace {
  const name = posix.basename(path);
  return {
    path,
    at: directory.at(name),
    get real() {
      return posix.join(directory.realPath(), name);
    },
    directory,
    beside: (suffix) => placeIn(directory, `${path}${suffix}`),
    syncName: () => fsyncDirectory(`/proc/self/fd/${directory.fd}`),
  };
}
