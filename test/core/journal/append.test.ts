import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OperatorError } from '../../../src/core/errors.js';
import { appendBytes, logFailed } from '../../../src/core/journal/append.js';
import { openForAppending } from '../../../src/core/journal/open-log.js';
import { fsyncDirectory, syncData } from '../../../src/core/journal/sync.js';
import { tempDir } from '../../support/temp-dir.js';

describe('appendBytes', () => {
  it.each([true, false])('adds the bytes at the end, and syncs them (alone: %s)', async (alone) => {
    const path = join(tempDir(), 'log');
    writeFileSync(path, 'a\n');
    const log = openForAppending(path);
    onTestFinished(() => closeSync(log.fd));
    appendBytes(log, Buffer.from('b\nc\n'));
    await syncData(log.fd, alone);
    expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\n');
  });

  it('says that the disk is full, with a command to look', () => {
    const fd = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(fd));
    const append = () => appendBytes({ path: '/logs/x.jsonl', fd, dev: 0, ino: 0 }, Buffer.from('a\n'));
    expect(append).toThrow(OperatorError);
    expect(append).toThrow('/logs/x.jsonl could not be written: no space is left on the device');
    try {
      append();
    } catch (error) {
      expect(error).toMatchObject({ code: 'GRACE_WRITE_FAILED', exit: 3, cause: { code: 'ENOSPC' } });
      expect((error as OperatorError).hint).toContain('df -h /logs/x.jsonl');
    }
  });
});

it('leaves a bug a bug', () => {
  const bug = new TypeError('x is not a function');
  expect(logFailed('p', 'synced', bug)).toBe(bug);
});

it.each([true, false])('reports a sync that failed (alone: %s)', async (alone) => {
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  await expect(syncData(fd, alone)).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => fsyncDirectory('/nonexistent')).toThrow(/ENOENT/);
});
