import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { absence, argumentFaults, ownershipFaults, secretFaults } from '../../../src/core/config/trusted-file.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';

const isRoot = process.geteuid?.() === 0;
const us = process.geteuid?.() ?? 0;
/** Nobody has this uid. */
const STRANGER = 54_321;

function file(path: string, mode = 0o644): string {
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}

describe('a file', () => {
  it('of ours, on a way that is ours or of root, is trusted', () => {
    const dir = trustedDir();
    expect(ownershipFaults(file(join(dir, 'grace.yaml')))).toEqual([]);
    expect(ownershipFaults('/usr/bin/env')).toEqual([]);
  });

  it.each([
    [0o664, 'its group'],
    [0o646, 'everybody'],
    [0o666, 'everybody'],
  ])('that others may write to is not: %o', (mode, who) => {
    const path = file(join(trustedDir(), 'f'), mode);
    expect(ownershipFaults(path)).toEqual([`${path} can be written by ${who}: its mode is ${mode.toString(8)}`]);
  });

  it('in a directory that others may write to is not, though the directory is sticky', () => {
    const dir = join(trustedDir(), 'd');
    mkdirSync(dir);
    chmodSync(dir, 0o1777);
    const path = file(join(dir, 'f'));
    expect(ownershipFaults(path)).toEqual([`${dir} can be written by everybody: its mode is 1777`]);
    expect(ownershipFaults(join(dir, 'not-there'))).toEqual(ownershipFaults(path));
    expect(ownershipFaults(file(join(tempDir(), 'f')))).toContainEqual(
      expect.stringMatching(/^\/tmp can be written by everybody/),
    );
  });

  it('behind such a directory, and another one that is not, is not trusted either', () => {
    const dir = join(trustedDir(), 'd');
    mkdirSync(join(dir, 'inner'), { recursive: true });
    chmodSync(dir, 0o777);
    expect(ownershipFaults(file(join(dir, 'inner', 'f')))).toEqual([
      `${dir} can be written by everybody: its mode is 777`,
    ]);
  });

  it.skipIf(!isRoot)('of somebody else, or in a directory of theirs, is not (needs root)', () => {
    const dir = trustedDir();
    const path = file(join(dir, 'f'));
    chownSync(path, STRANGER, 0);
    expect(ownershipFaults(path)).toEqual([`${path} belongs to #${STRANGER}, not to root`]);
    chownSync(path, 0, 0);
    chownSync(dir, STRANGER, 0);
    expect(ownershipFaults(path)).toEqual([`${dir} belongs to #${STRANGER}, not to root`]);
  });

  it.skipIf(!isRoot)('of ours is trusted when we are not root, and so is one of root (needs root)', () => {
    const path = file(join(trustedDir(), 'f'));
    expect(ownershipFaults(path, STRANGER)).toEqual([]);
    chownSync(path, STRANGER, 0);
    expect(ownershipFaults(path, STRANGER)).toEqual([]);
    chownSync(path, STRANGER + 1, 0);
    expect(ownershipFaults(path, STRANGER)).toEqual([
      `${path} belongs to #${STRANGER + 1}, not to root or #${STRANGER}`,
    ]);
  });
});

describe('a link', () => {
  it('is followed, and the way to its end is looked at', () => {
    const dir = trustedDir();
    const bad = join(dir, 'bad');
    mkdirSync(bad);
    chmodSync(bad, 0o777);
    file(join(bad, 'f'));
    mkdirSync(join(dir, 'good'));
    symlinkSync('../bad/f', join(dir, 'good', 'link'));
    symlinkSync(join(dir, 'good'), join(dir, 'alias'));
    expect(ownershipFaults(join(dir, 'alias', 'link'))).toEqual([
      `${bad} can be written by everybody: its mode is 777`,
    ]);
  });

  it.skipIf(!isRoot)('counts for nothing itself: who may change it owns the directory (needs root)', () => {
    const dir = trustedDir();
    file(join(dir, 'f'));
    symlinkSync('f', join(dir, 'link'));
    lchownSync(join(dir, 'link'), STRANGER, 0);
    expect(ownershipFaults(join(dir, 'link'))).toEqual([]);
  });

  it('that leads in a ring is told, and not followed for ever', () => {
    const dir = trustedDir();
    symlinkSync('b', join(dir, 'a'));
    symlinkSync('a', join(dir, 'b'));
    expect(ownershipFaults(join(dir, 'a'))).toEqual([`${join(dir, 'a')} leads through more than 40 links`]);
  });

  it('that leads nowhere has nothing against it but its way', () => {
    const dir = trustedDir();
    symlinkSync(join(dir, 'gone'), join(dir, 'link'));
    expect(ownershipFaults(join(dir, 'link'))).toEqual([]);
    symlinkSync('/tmp/grace-not-there', join(dir, 'out'));
    expect(ownershipFaults(join(dir, 'out'))).toEqual([expect.stringMatching(/^\/tmp can be written by everybody/)]);
  });

  it('through a file is a fault, not an exception', () => {
    const path = file(join(trustedDir(), 'f'));
    expect(ownershipFaults(join(path, 'inner'))).toEqual([expect.stringMatching(/ cannot be looked at: /)]);
  });
});

describe('a secret', () => {
  it('may be read by nobody else', () => {
    const dir = trustedDir();
    expect(secretFaults(file(join(dir, 'a'), 0o600))).toEqual([]);
    for (const mode of [0o640, 0o604]) {
      const path = file(join(dir, `b${mode}`), mode);
      expect(secretFaults(path)).toEqual([`${path} is open to others: its mode is ${mode.toString(8)}, not 600`]);
    }
    expect(secretFaults(join(dir, 'not-there'))).toEqual([]);
  });
});

describe('an argument', () => {
  it('is judged when code may be read there', () => {
    const dir = trustedDir();
    chmodSync(dir, 0o777);
    const fault = [`${dir} can be written by everybody: its mode is 777`];
    for (const path of [file(join(dir, 'x'), 0o755), file(join(dir, 'y')), dir]) {
      expect(argumentFaults(path, false)).toEqual(fault);
    }
    expect(argumentFaults(join(dir, 'later'), true)).toEqual(fault);
    expect(argumentFaults(join(dir, 'later'), false)).toEqual([]);
    expect(argumentFaults('/dev/null', true)).toEqual([]);
  });
});

describe('what is not there', () => {
  it('is told', () => {
    const dir = trustedDir();
    const [program, text] = [file(join(dir, 'p'), 0o755), file(join(dir, 't'))];
    expect(absence(program, 'program')).toBeUndefined();
    expect(absence(text, 'file')).toBeUndefined();
    expect(absence(text, 'program')).toBe(`${text} cannot be run: permission is denied`);
    expect(absence(join(dir, 'gone'), 'program')).toBe(`${join(dir, 'gone')} is not there`);
    expect(absence(dir, 'program')).toBe(`${dir} is no regular file`);
  });
});

it('the account that asks is the one that counts', () => {
  const path = file(join(trustedDir(), 'f'));
  expect(ownershipFaults(path)).toEqual(ownershipFaults(path, us));
});
