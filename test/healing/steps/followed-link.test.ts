import { expect, test } from 'vitest';
import { mayFollow } from '../../../src/healing/steps/followed-link.js';

const [ROOT, WE, THEY] = [0, 1000, 1001];
const directory = (uid: number, mode = 0o40755) => ({ uid, mode });

test.each([
  ['of root, in directories of root', ROOT, [directory(ROOT), directory(ROOT)], true],
  ['of ours, in one of ours', WE, [directory(ROOT), directory(WE)], true],
  ['of root, in one of ours', ROOT, [directory(ROOT), directory(WE, 0o40700)], true],
  ['of another account', THEY, [directory(ROOT)], false],
  ['in a directory of theirs', ROOT, [directory(ROOT), directory(THEY)], false],
  ['behind a directory of theirs', ROOT, [directory(ROOT), directory(THEY), directory(ROOT)], false],
  ['in one that its group can write to', ROOT, [directory(ROOT), directory(ROOT, 0o40775)], false],
  ['in a sticky one', ROOT, [directory(ROOT), directory(ROOT, 0o41777)], false],
])('a link %s', (_, owner, way, followed) => {
  expect(mayFollow({ uid: owner }, way, WE)).toBe(followed);
});

test('root follows no link of an account', () => {
  expect(mayFollow({ uid: WE }, [directory(ROOT)], ROOT)).toBe(false);
});
