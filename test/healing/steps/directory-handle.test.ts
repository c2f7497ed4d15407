import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type DirectoryHandle,
  openDirectory,
  openDirectoryForNames,
  openDirectoryIn,
} from '../../../src/healing/steps/directory-handle.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';

const noTmpfs = withoutTmpfs();

function opened(handle: DirectoryHandle | undefined): DirectoryHandle {
  if (handle === undefined) throw new Error('it is of another mount');
  onTestFinished(() => handle.close());
  return handle;
}

const openFds = () => readdirSync('/proc/self/fd').length;

describe('a directory by its descriptor', () => {
  test('is the same one whatever becomes of its name', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'a/b'), { recursive: true });
    mkdirSync(join(dir, 'other/b'), { recursive: true });
    writeFileSync(join(dir, 'a/b/file'), 'right');
    writeFileSync(join(dir, 'other/b/file'), 'wrong');
    const a = opened(openDirectory(join(dir, 'a')));
    renameSync(join(dir, 'a'), join(dir, 'moved'));
    symlinkSync(join(dir, 'other'), join(dir, 'a'));
    expect(readFileSync(opened(openDirectoryIn(a, 'b')).at('file'), 'utf8')).toBe('right');
  });

  test('is never reached through a symbolic link that others could change, wherever that stands', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'real/below'), { recursive: true });
    symlinkSync(join(dir, 'real'), join(dir, 'link'));
    const before = openFds();
    for (const path of ['link', 'link/below', 'link/']) {
      expect(() => openDirectory(join(dir, path))).toThrow(`others could change the symbolic link ${dir}/link`);
    }
    const handle = opened(openDirectory(dir));
    expect(() => openDirectoryIn(handle, 'link')).toThrow(/ENOTDIR|ELOOP/);
    expect(openFds()).toBe(before + 1);
  });

  test('is reached through links of ours in directories of ours, and through none behind others', () => {
    const dir = trustedDir();
    mkdirSync(join(dir, 'real/below'), { recursive: true });
    mkdirSync(join(dir, 'shared'));
    symlinkSync('../real/below', join(dir, 'real/relative'));
    symlinkSync(join(dir, 'real/relative/..'), join(dir, 'absolute'));
    symlinkSync(join(dir, 'real'), join(dir, 'shared/link'));
    symlinkSync('shared/link', join(dir, 'alias'));
    symlinkSync('ring', join(dir, 'ring'));
    chmodSync(join(dir, 'shared'), 0o777);
    const before = openFds();
    for (const path of ['real/relative', 'absolute/below', 'absolute/relative/']) {
      const handle = opened(openDirectory(join(dir, path)));
      expect(handle.realPath()).toBe(join(dir, 'real/below'));
    }
    const said = `others could change the symbolic link ${dir}/shared/link`;
    expect(() => openDirectory(join(dir, 'shared/link'))).toThrow(said);
    expect(() => openDirectory(join(dir, 'alias/below'))).toThrow(said);
    expect(() => openDirectory(join(dir, 'ring'))).toThrow('ring');
    expect(openFds()).toBe(before + 3);
  });

  test.skipIf(process.geteuid?.() !== 0)('is not reached through a link of another account (needs root)', () => {
    const dir = trustedDir();
    mkdirSync(join(dir, 'real'));
    symlinkSync('real', join(dir, 'link'));
    opened(openDirectory(join(dir, 'link')));
    lchownSync(join(dir, 'link'), 54_321, 54_321);
    expect(() => openDirectory(join(dir, 'link'))).toThrow(`${dir}/link`);
  });

  test.skipIf(!lstatSync('/var/run', { throwIfNoEntry: false })?.isSymbolicLink())('is /run by its old name', () => {
    expect(opened(openDirectoryForNames('/var/run')).realPath()).toBe('/run');
  });

  test('is no file and no pipe', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'file'), '');
    tool('mkfifo', join(dir, 'pipe'));
    const handle = opened(openDirectory(dir));
    for (const name of ['file', 'pipe']) expect(() => openDirectoryIn(handle, name)).toThrow(/ENOTDIR/);
  });

  test.skipIf(noTmpfs !== undefined)('is of the same mount', () => {
    const dir = tempDir();
    const source = join(dir, 'source');
    const bound = join(dir, 'bound');
    mkdirSync(source);
    mkdirSync(bound);
    tool('mount', '--bind', source, bound);
    onTestFinished(() => void tool('umount', '-l', bound));
    const handle = opened(openDirectory(dir));
    const before = openFds();
    expect(openDirectoryIn(handle, 'bound')).toBeUndefined();
    expect(openFds()).toBe(before);
    expect(opened(openDirectoryIn(handle, 'source')).dev).toBe(handle.dev);
  });
});
