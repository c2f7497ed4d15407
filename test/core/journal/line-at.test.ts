import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bytesAt, countLines, lineAt, wholeLinesEnd } from '../../../src/core/journal/line-at.js';
import { tempDir } from '../../support/temp-dir.js';

const LONG = 'x'.repeat(200_000);
const TEXT = `a\n\n${LONG}\nlast\ntorn`;

function open(text: string): number {
  const path = join(tempDir(), 'file');
  writeFileSync(path, text);
  const fd = openSync(path, 'r');
  onTestFinished(() => closeSync(fd));
  return fd;
}

describe('one line of a file', () => {
  it('is found by lines from a place, whatever its length', () => {
    const fd = open(TEXT);
    const found = (from: number, skip?: number) => lineAt(fd, from, TEXT.length, skip)?.bytes.toString();
    expect([0, 1, 2, 3, 4].map((skip) => found(0, skip))).toEqual(['a', '', LONG, 'last', undefined]);
    expect(found(3)).toBe(LONG);
    expect(found(3, 1)).toBe('last');
    expect(lineAt(fd, 0, TEXT.length, 3)?.offset).toBe(200_004);
    expect(lineAt(fd, 0, TEXT.length - 5, 3)).toBeUndefined();
    expect(lineAt(fd, 0, 1)).toBeUndefined();
    expect(lineAt(fd, 900_000, 900_001)).toBeUndefined();
  });

  it('gives as many bytes as there are', () => {
    const fd = open(TEXT);
    expect(bytesAt(fd, TEXT.length - 4, 100).toString()).toBe('torn');
    expect(bytesAt(fd, TEXT.length, 1)).toHaveLength(0);
  });
});

describe('whole lines', () => {
  it.each([
    [TEXT, TEXT.length - 4, 4],
    ['', 0, 0],
    ['\n', 1, 1],
    ['torn', 0, 0],
    [`${LONG}\n${LONG}`, LONG.length + 1, 1],
    [LONG, 0, 0],
  ])('%#: where they end, and how many', (text, end, lines) => {
    const fd = open(text);
    expect(wholeLinesEnd(fd, text.length)).toBe(end);
    expect(countLines(fd, end)).toBe(lines);
  });
});
