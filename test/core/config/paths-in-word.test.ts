import { expect, test } from 'vitest';
import { pathsInWord } from '../../../src/core/config/paths-in-word.js';

test.each<[word: string, cwd: string, certain: string[], perhaps: string[]]>([
  ['word', '/', [], []],
  ['-x', '/', [], []],
  ['/o/x', '/', ['/o/x'], []],
  ['/o/my dir/x', '/', ['/o/my', '/o/my dir/x'], ['/dir/x', '/x']],
  ['-f/o/x', '/', ['/o/x'], []],
  ['--require=/o/x', '/', ['/o/x'], []],
  ['file:///o/x.mjs', '/', ['/o/x.mjs'], []],
  ['. /o/x; exec "/o/y" >/o/z', '/', ['/o/x', '/o/y', '/o/z'], []],
  ['$(cat</o/x)|{ /o/y;}', '/', ['/o/x', '/o/y'], []],
  ['1e/o/x', '/', [], ['/o/x', '/1e/o/x']],
  ['lib/x', '/srv', [], ['/srv/lib/x', '/x']],
  ['../x', '/srv/a', [], ['/srv/x', '/x']],
  ['x', '/srv', [], ['/srv/x']],
  ['-fx', '/srv', [], ['/srv/x']],
  [`/${'x'.repeat(256)}`, '/', [], []],
])('%j in %s', (word, cwd, certain, perhaps) => {
  const found = pathsInWord(word, cwd);
  const paths = (which: boolean) => found.filter((one) => one.certain === which).map(({ path }) => path);
  for (const path of certain) expect(paths(true)).toContain(path);
  for (const path of perhaps) expect(paths(false)).toContain(path);
  if (certain.length + perhaps.length === 0) expect(found).toEqual([]);
});
