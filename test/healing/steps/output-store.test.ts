import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dropOldOutput, keepOutput } from '../../../src/healing/steps/output-store.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { tempDir, withTempDir } from '../../support/temp-dir.js';

const noTmpfs = withoutTmpfs();

function kept(dir: string, name: string, bytes: Uint8Array) {
  const answer = keepOutput(dir, name, bytes);
  if ('reason' in answer) throw new Error(answer.reason);
  return { ...answer, text: readFileSync(join(dir, answer.file), 'utf8') };
}

describe('kept output', () => {
  test('is redacted, for this account alone, and bound by its hash', () => {
    const dir = tempDir();
    const { file, sha256, bytes, text } = kept(dir, 'inc_1-run', Buffer.from('ok\npassword=hunter2\n'));
    expect(text).toBe('ok\npassword=[redacted]\n');
    expect(file).toBe('output/inc_1-run.txt');
    expect(bytes).toBe(text.length);
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'output')).mode & 0o777).toBe(0o700);
  });

  test('never replaces another', () => {
    const dir = tempDir();
    const outside = join(tempDir(), 'victim');
    kept(dir, 'x', Buffer.from('1'));
    writeFileSync(outside, 'mine');
    symlinkSync(outside, join(dir, 'output/x-2.txt'));
    expect(kept(dir, 'x', Buffer.from('2')).file).toBe('output/x-3.txt');
    expect(readFileSync(join(dir, 'output/x.txt'), 'utf8')).toBe('1');
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  test.each(['../x', 'a/b', '.x', '', '-x', 'a\0', 'x'.repeat(300)])('never has the name %.20j', (name) => {
    const dir = tempDir();
    expect(keepOutput(dir, name, Buffer.from('x'))).toEqual({ reason: expect.stringMatching(/is not a name/) });
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is not kept behind a link', () => {
    const [dir, outside] = [tempDir(), tempDir()];
    symlinkSync(outside, join(dir, 'output'));
    expect(keepOutput(dir, 'x', Buffer.from('x'))).toEqual({ reason: expect.stringMatching(/output: /) });
    expect(readdirSync(outside)).toEqual([]);
  });

  test.skipIf(noTmpfs !== undefined)('is not kept half on a full disk, and that is a reason and no exception', () => {
    const dir = tempDir();
    tool('mount', '-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', dir);
    onTestFinished(() => void tool('umount', '-l', dir));
    mkdirSync(join(dir, 'output'));
    expect(keepOutput(dir, 'x', Buffer.alloc(40_000, 'x'))).toEqual({
      reason: expect.stringMatching(/no space is left on the device$/),
    });
    expect(readdirSync(join(dir, 'output'))).toEqual([]);
  });

  test('is its beginning and its end when there is too much of it', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} é\n`).join('');
    const { bytes, text } = kept(tempDir(), 'x', Buffer.from(lines));
    expect(bytes).toBeLessThanOrEqual(65_536);
    expect(bytes).toBeGreaterThan(65_000);
    expect(text).toMatch(/^line 0 é\n/);
    const [, left_out] = /\n\[(\d+) bytes left out\]\n/.exec(text) ?? [];
    expect(bytes - (/\n\[\d+ bytes left out\]\n/.exec(text)?.[0].length ?? 0) + Number(left_out)).toBe(
      Buffer.byteLength(lines),
    );
  });

  test('is never more than 64 KiB, whatever it was', () => {
    const anything = fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 0, max: 20_000 }));
    fc.assert(
      fc.property(anything, ([unit, times]) => {
        const bytes = Buffer.alloc(unit.length === 0 ? 0 : Math.min(300_000, unit.length * times), unit);
        withTempDir((dir) => {
          const { bytes: n, text, file } = kept(dir, 'x', bytes);
          expect(n).toBeLessThanOrEqual(65_536);
          expect(statSync(join(dir, file)).size).toBe(n);
          expect(Buffer.byteLength(text)).toBe(n);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('old output', () => {
  test('is dropped, and nothing else', () => {
    const dir = tempDir();
    const now = 2e12;
    for (const [name, age_s] of [
      ['old', 100],
      ['just', 10],
      ['young', 5],
    ] as const) {
      const { file } = kept(dir, name, Buffer.from('x'));
      utimesSync(join(dir, file), now / 1000 - age_s, now / 1000 - age_s);
    }
    writeFileSync(join(dir, 'output/notes.md'), '');
    utimesSync(join(dir, 'output/notes.md'), 1, 1);
    mkdirSync(join(dir, 'output/dir.txt'));
    const outside = join(tempDir(), 'victim');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, join(dir, 'output/link.txt'));
    tool('touch', '-h', '-d', '2000-01-01', join(dir, 'output/link.txt'));
    expect(dropOldOutput(dir, 10_000, now)).toBe(1);
    expect(readdirSync(join(dir, 'output')).sort()).toEqual([
      'dir.txt',
      'just.txt',
      'link.txt',
      'notes.md',
      'young.txt',
    ]);
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  test('is nothing where there is none, or a link', () => {
    const [dir, outside] = [tempDir(), tempDir()];
    expect(dropOldOutput(dir, 1, 1)).toBe(0);
    writeFileSync(join(outside, 'x.txt'), '');
    utimesSync(join(outside, 'x.txt'), 1, 1);
    symlinkSync(outside, join(dir, 'output'));
    expect(dropOldOutput(dir, 1, 2e12)).toBe(0);
    expect(readdirSync(outside)).toEqual(['x.txt']);
  });
});
