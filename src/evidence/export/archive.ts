import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, linkSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, OperatorError } from '../../core/errors.js';
import { fsyncDirectory } from '../../core/journal/sync.js';
import { shellArguments } from '../../core/shell-quoted.js';

/** Packs `folder`, which stands in `parent`, into a new archive, with the host's own tar. */
export async function packArchive(parent: string, folder: string, archive: string, stop: AbortSignal): Promise<void> {
  const fd = openSync(archive, 'wx', 0o640);
  try {
    // To standard output: in the name of an archive GNU tar takes a colon for the end of a host's name.
    const tar = spawn('tar', ['-cf', '-', '-C', parent, folder], { stdio: ['ignore', fd, 'pipe'], signal: stop });
    let said = '';
    tar.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      tar.on('error', reject);
      tar.on('close', resolve);
    });
    if (code !== 0) throw tarFailed(archive, said.trim().split('\n').at(-1) || `it ended with ${code}`);
    fsyncSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new OperatorError('GRACE_NO_TAR', EXIT.usage, 'there is no tar on this host', {
      hint: 'name a directory instead, which does not end in .tar   # or: apt-get install tar',
      cause: error,
    });
  } finally {
    closeSync(fd);
  }
}

/** Puts a whole file under a name that nothing has. */
export function installNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw isThereAlready(to);
    // Some filesystems have no hard links.
    if (code !== 'EPERM' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    renameSync(from, to);
  }
  fsyncDirectory(dirname(to));
}

export function isThereAlready(path: string): OperatorError {
  return new OperatorError('GRACE_EXPORT_EXISTS', EXIT.refused, `${path} is there already, and is not written over`, {
    hint: `ls -ld ${shellArguments(path)}   # name another: --out FILE`,
  });
}

function tarFailed(archive: string, why: string): OperatorError {
  return new OperatorError('GRACE_TAR_FAILED', EXIT.badAnswer, `tar could not write the archive: ${why}`, {
    hint: `df -h ${shellArguments(dirname(archive))}   # see what the disk says`,
  });
}
