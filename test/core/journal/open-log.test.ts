import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OperatorError } from '../../../src/core/errors.js';
import { type OpenLog, openForAppending, openForReading } from '../../../src/core/journal/open-log.js';
import { tempDir } from '../../support/temp-dir.js';

const isRoot = process.geteuid?.() === 0;

function logIn(dir: string): string {
  return join(dir, 'incidents.jsonl');
}

function kept<T extends OpenLog | undefined>(log: T): T {
  if (log) onTestFinished(() => closeSync(log.fd));
  return log;
}

function refusal(open: () => unknown): OperatorError {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  try {
    open();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(descriptors(), 'a refused file is closed again').toBe(before);
    return error;
  }
  throw new Error('it was opened');
}

describe('openForAppending', () => {
  it('creates the file, 0640 whatever the umask', () => {
    const path = logIn(tempDir());
    const umask = process.umask(0o077);
    try {
      kept(openForAppending(path));
    } finally {
      process.umask(umask);
    }
    expect(statSync(path).mode & 0o7777).toBe(0o640);
  });

  it('opens what is there, tells its identity, and leaves it as it was', () => {
    const path = logIn(tempDir());
    writeFileSync(path, 'a\n', { mode: 0o600 });
    const { ino, dev, mtimeMs } = statSync(path);
    expect(kept(openForAppending(path))).toMatchObject({ path, ino, dev });
    expect(statSync(path)).toMatchObject({ mtimeMs, size: 2 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('appends, wherever it has read', () => {
    const path = logIn(tempDir());
    writeFileSync(path, 'a\n');
    const { fd } = kept(openForAppending(path));
    readSync(fd, Buffer.alloc(1), 0, 1, 0);
    writeSync(fd, 'b\n');
    expect(readFileSync(path, 'utf8')).toBe('a\nb\n');
  });

  const refusals: [string, (path: string) => void, RegExp][] = [
    ['a symbolic link', (path) => symlinkTo(path), /symbolic link/],
    ['a link to nothing', (path) => symlinkSync(`${path}.gone`, path), /symbolic link/],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
    ['a directory', (path) => mkdirSync(path), /is a directory/],
    ['a second name', (path) => twoNames(path), /2 names/],
    ['no right to write', (path) => writeFileSync(path, 'a\n', { mode: 0o440 }), /its owner may not write/],
    ['everybody may write', (path) => openToAll(path), /everybody may write/],
    ...(isRoot
      ? ([['a foreign owner', (path) => foreign(path), /belongs to uid 65534/]] as [
          string,
          (path: string) => void,
          RegExp,
        ][])
      : []),
  ];

  it.each(refusals)('refuses %s', (_, make, why) => {
    const dir = tempDir();
    const path = logIn(dir);
    make(path);
    const names = readdirSync(dir);
    const begun = performance.now();
    const error = refusal(() => openForAppending(path));
    expect(performance.now() - begun, 'it did not hang').toBeLessThan(1000);
    expect(error).toMatchObject({ code: 'GRACE_LOG_REFUSED', exit: 4, hint: `ls -l ${path}` });
    expect(error.message).toMatch(why);
    expect(error.message).toContain(path);
    expect(readdirSync(dir)).toEqual(names);
  });
});

describe('openForReading', () => {
  it('answers nothing where nothing is, and creates nothing', () => {
    const path = logIn(tempDir());
    expect(openForReading(path)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['of another account, readable', (path: string) => (isRoot ? foreign(path) : writeFileSync(path, ''))],
    ['with two names', (path: string) => twoNames(path)],
    ['everybody may write', (path: string) => openToAll(path)],
    ['read-only', (path: string) => writeFileSync(path, 'a\n', { mode: 0o440 })],
  ])('reads a regular file %s', (_, make) => {
    const path = logIn(tempDir());
    make(path);
    expect(kept(openForReading(path))?.ino).toBe(statSync(path).ino);
  });

  it.each([
    ['a symbolic link', (path: string) => symlinkTo(path), /symbolic link/],
    ['a FIFO', (path: string) => void execFileSync('mkfifo', [path]), /not a regular file/],
    ['a directory', (path: string) => void mkdirSync(path), /not a regular file/],
  ])('refuses %s and does not hang', (_, make, why) => {
    const path = logIn(tempDir());
    make(path);
    const begun = performance.now();
    const error = refusal(() => openForReading(path));
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(error).toMatchObject({ code: 'GRACE_LOG_REFUSED', exit: 4 });
    expect(error.message).toMatch(why);
  });

  it('knows the file behind the name after a rotation', () => {
    const path = logIn(tempDir());
    writeFileSync(path, 'a\n');
    const before = kept(openForReading(path));
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'b\n');
    expect(kept(openForReading(path))?.ino).not.toBe(before?.ino);
  });
});

function symlinkTo(path: string): void {
  writeFileSync(`${path}.real`, 'a\n');
  symlinkSync(`${path}.real`, path);
}

function twoNames(path: string): void {
  writeFileSync(path, 'a\n');
  linkSync(path, `${path}.other`);
}

function openToAll(path: string): void {
  writeFileSync(path, 'a\n');
  chmodSync(path, 0o646);
}

function foreign(path: string): void {
  writeFileSync(path, 'a\n');
  chownSync(path, 65534, 65534);
}
