import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type KnownSegment, type PresentSegment, planSync } from '../../../src/core/registry/plan.js';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
/** Ends of four bytes, so that a change in the middle is out of sight. */
const ends = (text: string) => ({ head: hash(text.slice(0, 4)), tail: hash(text.slice(-4)) });

const had = (ordinal: number, ino: number, folded: string, dev = 1): KnownSegment => ({
  ordinal,
  dev,
  ino,
  folded: folded.length,
  ...ends(folded),
});
const file = (ino: number, text: string, dev = 1): PresentSegment => ({
  dev,
  ino,
  size: text.length,
  fingerprintAt: (folded) => ends(text.slice(0, folded)),
});
const plan = (known: KnownSegment[], present: PresentSegment[]) => planSync('audit', known, present);
const on = (ordinal: number, present: number, folded: number) => ({ ordinal, present, folded });
const lost = (kind: string, folded: string, bytes_now: number) => ({
  log: 'audit',
  kind,
  bytes_before: folded.length,
  bytes_now,
  had: ends(folded).tail,
});

describe('planSync goes on', () => {
  it.each([
    ['nothing known, nothing there', [], [], [], false],
    ['the first file', [], [file(1, 'abc')], [on(0, 0, 0)], false],
    ['a first file that is empty', [], [file(1, '')], [], false],
    ['several files at the first look', [], [file(1, 'abc'), file(2, 'de')], [on(0, 0, 0), on(1, 1, 0)], false],
    ['nothing new', [had(0, 1, 'abc')], [file(1, 'abc')], [on(0, 0, 3)], false],
    ['more in the file', [had(0, 1, 'abc')], [file(1, 'abcdef')], [on(0, 0, 3)], false],
    ['rotated by rename', [had(0, 1, 'abc')], [file(1, 'abcd'), file(2, 'ef')], [on(0, 0, 3), on(1, 1, 0)], true],
    ['rotated, the new file still empty', [had(0, 1, 'abc')], [file(1, 'abc'), file(2, '')], [on(0, 0, 3)], false],
    [
      'rotated twice',
      [had(0, 1, 'a')],
      [file(1, 'a'), file(2, 'b'), file(3, 'c')],
      [on(0, 0, 1), on(1, 1, 0), on(2, 2, 0)],
      true,
    ],
    ['an empty file among the older', [had(0, 2, 'abc')], [file(1, ''), file(2, 'abc')], [on(0, 1, 3)], false],
    [
      'ordinals that do not begin at 0',
      [had(4, 1, 'abc')],
      [file(1, 'abc'), file(2, 'd')],
      [on(4, 0, 3), on(5, 1, 0)],
      true,
    ],
    ['a file that held a stub only', [had(0, 1, '')], [file(1, 'abc')], [on(0, 0, 0)], false],
    [
      'the same inode on another device is another file',
      [had(0, 1, 'abc')],
      [file(1, 'abc'), file(1, 'zz', 2)],
      [on(0, 0, 3), on(1, 1, 0)],
      true,
    ],
  ])('%s', (_, known, present, from, rotated) => {
    expect(plan(known, present)).toEqual({ kind: 'go on', from, rotated });
  });
});

describe('planSync reads again', () => {
  it.each([
    ['the file was replaced by one that begins and ends alike', [had(0, 1, 'abc')], [file(7, 'abcdef')], /replaced/],
    [
      'all were, as by a restored backup',
      [had(0, 1, 'abc'), had(1, 2, 'xyz')],
      [file(7, 'abc'), file(8, 'xyz')],
      /replaced/,
    ],
    ['a file of which nothing was read is gone', [had(0, 1, '')], [], /replaced/],
    [
      'the files stand in another order',
      [had(0, 1, 'abc'), had(1, 2, 'xyz')],
      [file(2, 'xyz'), file(1, 'abc')],
      /order/,
    ],
    ['an older file has appeared', [had(0, 1, 'abc')], [file(9, 'old'), file(1, 'abc')], /older file/],
    [
      'a file has appeared in between',
      [had(0, 1, 'abc'), had(1, 2, 'x')],
      [file(1, 'abc'), file(9, 'm'), file(2, 'x')],
      /older file/,
    ],
  ])('%s', (_, known, present, why) => {
    expect(plan(known, present)).toMatchObject({ kind: 'read again', why: expect.stringMatching(why) });
  });
});

describe('planSync states the loss', () => {
  it.each([
    ['shrunk', [had(0, 1, 'abcdef')], [file(1, 'abc')], [lost('shrunk', 'abcdef', 3)]],
    ['emptied', [had(0, 1, 'abcdef')], [file(1, '')], [lost('shrunk', 'abcdef', 0)]],
    ['copied and truncated', [had(0, 1, 'abcdef')], [file(5, 'abcdef'), file(1, '')], [lost('shrunk', 'abcdef', 0)]],
    ['its end rewritten', [had(0, 1, 'abcdefghij')], [file(1, 'abcdefghiX')], [lost('rewritten', 'abcdefghij', 10)]],
    [
      'its beginning rewritten',
      [had(0, 1, 'abcdefghij')],
      [file(1, 'Xbcdefghijk')],
      [lost('rewritten', 'abcdefghij', 11)],
    ],
    ['truncated and grown beyond', [had(0, 1, 'abc')], [file(1, 'xyzxyz')], [lost('rewritten', 'abc', 6)]],
    ['removed', [had(0, 1, 'abc')], [], [lost('removed', 'abc', 0)]],
    ['removed and begun anew', [had(0, 1, 'abcdef')], [file(2, 'xy')], [lost('removed', 'abcdef', 2)]],
    ['the oldest removed', [had(0, 1, 'abc'), had(1, 2, 'xyz')], [file(2, 'xyz')], [lost('removed', 'abc', 0)]],
    [
      'two at once',
      [had(0, 1, 'abc'), had(1, 2, 'uvwxyz')],
      [file(2, 'uv')],
      [lost('removed', 'abc', 0), lost('shrunk', 'uvwxyz', 2)],
    ],
  ])('%s', (_, known, present, losses) => {
    expect(plan(known, present)).toEqual({ kind: 'lost', losses });
  });

  it('before it says that anything has to be read again', () => {
    const known = [had(0, 1, 'abc'), had(1, 2, 'xyz')];
    expect(plan(known, [file(9, 'old!'), file(8, 'abc'), file(2, 'x')]).kind).toBe('lost');
  });
});

it('asks for the ends of a file only as far as it was read', () => {
  const asked: number[] = [];
  const spying = {
    ...file(1, 'abcdef'),
    fingerprintAt: (n: number) => ends('abcdef'.slice(0, asked[asked.push(n) - 1])),
  };
  plan([had(0, 1, 'abc')], [spying]);
  expect(asked).toEqual([3]);
});
