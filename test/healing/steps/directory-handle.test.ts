import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DirectoryHandle, openDirectory, openDirectoryIn } from '../../../src/healing/steps/directory-handle.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { tempDir } from '../../support/temp-dir.js';

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

  test('is never reached through a symbolic link, wherever that stands', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'real/below'), { recursive: true });
    symlinkSync(join(dir, 'real'), join(dir, 'link'));
    const before = openFds();
    for (const path of ['link', 'link/below', 'link/']) {
      expect(() => openDirectory(join(dir, path))).toThrow(/ENOTDIR|ELOOP/);
    }
    const handle = opened(openDirectory(dir));
    expect(() => openDirectoryIn(handle, 'link')).toThrow(/ENOTDIR|ELOOP/);
    expect(openFds()).toBe(before + 1);
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
