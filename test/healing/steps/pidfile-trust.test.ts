import { expect, test } from 'vitest';
import { mayName, writtenByOthers } from '../../../src/healing/steps/pidfile-trust.js';

const [ROOT, WE, THEY, OTHERS] = [0, 1000, 1001, 1002];

test.each([
  [ROOT, THEY, true],
  [WE, THEY, true],
  [THEY, THEY, true],
  [THEY, ROOT, false],
  [THEY, WE, false],
  [THEY, OTHERS, false],
])('a file of %i names a process of %i: %s', (owner, uid, may) => {
  expect(mayName(owner, uid, WE)).toBe(may);
});

test.each([
  [0o644, ROOT, undefined],
  [0o646, WE, 'everybody can write to it: its mode is 646'],
  [0o664, WE, undefined],
  [0o664, ROOT, 'its group can write to it: its mode is 664'],
])('a file of mode %o, read by %i', (mode, ours, fault) => {
  expect(writtenByOthers({ mode: 0o100000 | mode }, ours)).toBe(fault);
});
