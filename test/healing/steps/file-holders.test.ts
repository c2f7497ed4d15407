import { spawn } from 'node:child_process';
import { closeSync, linkSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf, ownIdentity } from '../../../src/core/host/process-identity.js';
import { findFileHolders, holdsFile, lockersIn } from '../../../src/healing/steps/file-holders.js';
import { tempDir } from '../../support/temp-dir.js';

function idOf(path: string) {
  const { dev, ino } = statSync(path, { bigint: true });
  return { dev, ino };
}

function file(): string {
  const path = join(tempDir(), 'file');
  writeFileSync(path, '');
  return path;
}

test('nobody, this process, and another one', async () => {
  const path = file();
  expect(await findFileHolders([idOf(path)])).toEqual({ holders: [], hiddenLockers: [] });
  expect(await findFileHolders([])).toEqual({ holders: [], hiddenLockers: [] });
  const fd = openSync(path, 'r');
  expect((await findFileHolders([idOf(path)])).holders).toEqual([ownIdentity()]);
  expect(holdsFile(process.pid, [idOf(path)])).toBe(true);
  closeSync(fd);
  expect(holdsFile(process.pid, [idOf(path)])).toBe(false);

  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', openSync(path, 'r')] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('spawn', resolve));
  // By the file and not by its name.
  const other = `${path}-other`;
  linkSync(path, other);
  renameSync(path, `${path}-renamed`);
  const { holders } = await findFileHolders([idOf(other)]);
  expect(holders).toContainEqual(identityOf(child.pid ?? 0));
});

test('who has it locked, in what the kernel lists', async () => {
  const path = join(tempDir(), 'app.db');
  const db = new Database(path);
  onTestFinished(() => {
    db.close();
  });
  db.exec('CREATE TABLE t (a); BEGIN IMMEDIATE');
  const { readFileSync } = await import('node:fs');
  expect(lockersIn(readFileSync('/proc/locks', 'latin1'), [idOf(path)])).toEqual([process.pid]);
  expect((await findFileHolders([idOf(path)])).hiddenLockers).toEqual([]);
});

test('the device and the inode of a line both count', () => {
  const text = `1: POSIX  ADVISORY  WRITE 711 fd:01:2720761 0 EOF
1: -> POSIX  ADVISORY  WRITE 712 fd:01:2720761 0 EOF
2: FLOCK  ADVISORY  WRITE 713 00:1b:2720761 0 EOF
3: OFDLCK ADVISORY  READ  -1 fd:01:2720761 1 2
4: POSIX  ADVISORY  READ 714 fd:01:27207612 0 EOF
`;
  expect(lockersIn(text, [{ dev: 0xfd01n, ino: 2_720_761n }])).toEqual([711]);
  expect(lockersIn(text, [{ dev: 0x1bn, ino: 2_720_761n }])).toEqual([713]);
  // Minor numbers above 255 stand behind the major one.
  expect(lockersIn('1: POSIX  ADVISORY  READ 9 08:101:5 0 EOF', [{ dev: 0x100801n, ino: 5n }])).toEqual([9]);
});
