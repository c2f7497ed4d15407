import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/core/errors.js';
import { accountName, inspectDirectory, prepareDirectory } from '../../../src/core/journal/directory.js';
import { fingerprintOf, tempDir } from '../../support/temp-dir.js';

const isRoot = process.geteuid?.() === 0;

function refusal(work: () => unknown): OperatorError {
  try {
    work();
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('prepareDirectory', () => {
  it('creates what is missing, 0750', () => {
    const dir = join(tempDir(), 'var', 'lib', 'grace');
    prepareDirectory(dir, 'grace');
    expect(statSync(dir).mode & 0o7777).toBe(0o750);
  });

  it('changes nothing where all is well', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'incidents.jsonl'), '');
    const before = fingerprintOf(dir);
    prepareDirectory(dir, 'grace');
    expect(fingerprintOf(dir)).toEqual(before);
  });

  it.runIf(isRoot)('sends others to the owner, with the line to type', () => {
    const dir = tempDir();
    chownSync(dir, 65534, 65534);
    const error = refusal(() => prepareDirectory(dir, 'grace trigger incident --logs /x'));
    expect(error).toMatchObject({
      code: 'GRACE_NOT_OWNER',
      exit: 4,
      message: `${dir} belongs to nobody, who alone writes there`,
      hint: 'sudo -u nobody grace trigger incident --logs /x',
    });
  });

  it.runIf(isRoot)('gives a line that can be pasted for an owner without a name, too', () => {
    const dir = tempDir();
    chownSync(dir, 54321, 54321);
    const { hint = '' } = refusal(() => prepareDirectory(dir, 'grace heal run'));
    const words = execFileSync('sh', ['-c', `sudo() { printf '%s|' "$@"; }; ${hint}`], { encoding: 'utf8' });
    expect(words).toBe('-u|#54321|grace|heal|run|');
  });

  it('refuses one that everybody may write to', () => {
    const dir = tempDir();
    chmodSync(dir, 0o777);
    expect(refusal(() => prepareDirectory(dir, 'grace'))).toMatchObject({
      code: 'GRACE_LOGS_WORLD_WRITABLE',
      exit: 4,
      hint: `chmod o-w ${dir}`,
    });
    chmodSync(dir, 0o1777);
    expect(refusal(() => prepareDirectory(dir, 'grace')).code).toBe('GRACE_LOGS_WORLD_WRITABLE');
  });

  it('refuses one whose owner took his own right to write away, even to root', () => {
    const dir = tempDir();
    chmodSync(dir, 0o550);
    expect(refusal(() => prepareDirectory(dir, 'grace'))).toMatchObject({ code: 'GRACE_LOGS_READ_ONLY', exit: 4 });
  });

  it('refuses a file', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    expect(refusal(() => prepareDirectory(path, 'grace'))).toMatchObject({
      code: 'GRACE_LOGS_NOT_A_DIRECTORY',
      exit: 2,
    });
  });

  it('refuses a path through a file', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    const error = refusal(() => prepareDirectory(join(path, 'logs'), 'grace'));
    expect(error).toMatchObject({ code: 'GRACE_LOGS_UNREADABLE', exit: 10 });
    expect(error.message).toMatch(/not a directory/);
  });

  it('says why one cannot be created', () => {
    const error = refusal(() => prepareDirectory('/proc/grace-test', 'grace'));
    expect(error).toMatchObject({ code: 'GRACE_LOGS_NOT_CREATED', exit: 4 });
  });
});

describe('inspectDirectory', () => {
  it('looks at what is not there and leaves it so', () => {
    const dir = join(tempDir(), 'logs');
    expect(inspectDirectory(dir)).toMatchObject({ exists: false, ours: false, unwritable: 'it does not exist' });
    expect(existsSync(dir)).toBe(false);
  });

  it('finds ours writable', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'x'));
    expect(inspectDirectory(dir)).toMatchObject({ exists: true, ours: true, mode: 0o700, unwritable: undefined });
  });

  it.runIf(isRoot)('finds a foreign one unwritable, whatever root could do', () => {
    const dir = tempDir();
    chownSync(dir, 65534, 65534);
    expect(inspectDirectory(dir)).toMatchObject({ ours: false, uid: 65534, unwritable: 'it belongs to nobody' });
  });
});

describe('accountName', () => {
  it.each([
    [0, 'root'],
    [54321, '#54321'],
  ])('%i is %s', (uid, name) => {
    expect(accountName(uid)).toBe(name);
  });
});
