import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlobs, parseGlob } from '../../../src/healing/steps/glob-files.js';

async function matches(glob: string, path: string): Promise<boolean> {
  const globs = await compileGlobs([glob]);
  const names = path.split('/');
  const file = names.pop() ?? '';
  return globs.matches(
    names.reduce((position, name) => globs.enter(position, name), globs.start),
    file,
  );
}

test.each<[string, readonly string[], readonly string[]]>([
  ['*', ['a', 'a.log', 'é', 'a\nb'], ['.a', 'a/b']],
  ['*.log', ['a.log', 'a.b.log', 'x..log'], ['.log', 'a.logs', 'alog', 'x/a.log']],
  ['a*b*c', ['abc', 'axbxc', 'abbcc'], ['ab', 'xabc']],
  ['?.log', ['a.log', 'é.log', '🔥.log'], ['.log', 'ab.log', '..log']],
  ['[abc].log', ['a.log'], ['d.log', 'ab.log']],
  ['[a-c].log', ['b.log'], ['-.log', 'd.log']],
  ['[!a-c].log', ['d.log'], ['a.log', '..log']],
  ['[^a].log', ['b.log'], ['a.log']],
  ['[]a].log', ['].log', 'a.log'], ['b.log']],
  ['[a-].log', ['-.log', 'a.log'], ['b.log']],
  ['a/*.log', ['a/x.log'], ['x.log', 'b/x.log', 'a/b/x.log']],
  ['**/*.log', ['x.log', 'a/x.log', 'a/b/c/x.log'], ['.a/x.log', 'a/.b/x.log', 'a/.log']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['b', 'x/a/b', 'a/bx']],
  ['a/**', ['a/x', 'a/b/c'], ['a', 'x']],
  ['**', ['x', 'a/b/c'], ['.x']],
  ['.cache/**', ['.cache/x', '.cache/a/b'], ['cache/x', '.cache/.x']],
  ['a**b', ['ab', 'axxb'], ['a/b']],
  ['(a+)+$.{1}|\\d', ['(a+)+$.{1}|\\d'], ['a', '1', 'aa1']],
  ['{a,b}', ['{a,b}'], ['a']],
])('%s', async (glob, yes, no) => {
  for (const path of yes) expect([path, await matches(glob, path)]).toEqual([path, true]);
  for (const path of no) expect([path, await matches(glob, path)]).toEqual([path, false]);
});

test.each([
  ['/var/log/*', /begins with \//],
  ['../*', /contains \.\./],
  ['a/../b', /contains \.\./],
  ['./a', /contains \./],
  ['a//b', /an empty name/],
  ['a/', /an empty name/],
  ['', /an empty name/],
  ['a[b', /without its \]/],
  ['a[]', /without its \]/],
  ['[z-a]', /runs backwards/],
  ['a\0', /a NUL/],
])('%j is a fault', (glob, fault) => {
  expect(parseGlob(glob)).toEqual({ fault: expect.stringMatching(fault) });
});

describe('whatever the glob', () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((name) => !/[/\0]/.test(name));

  test('it compiles, or is a fault', async () => {
    const globs = fc
      .array(fc.constantFrom(...'*?[]!^-./ab\\{}()+|$é'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(globs, names, async (glob, name) => {
        if ('parts' in parseGlob(glob)) expect(typeof (await matches(glob, name))).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  test('a name without special characters matches itself alone', async () => {
    const plain = names.filter((name) => !/[*?[]/.test(name) && !['.', '..'].includes(name));
    await fc.assert(
      fc.asyncProperty(plain, names, async (glob, other) => {
        fc.pre(Buffer.from(glob).toString() === glob);
        expect(await matches(glob, glob)).toBe(true);
        if (other !== glob) expect(await matches(glob, other)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('a directory where nothing below can match is not entered', async () => {
    const { start, enter } = await compileGlobs(['nginx/*.log', 'app/**/x']);
    expect(enter(start, 'journal')).toEqual([]);
    expect(enter(enter(start, 'nginx'), 'old')).toEqual([]);
    expect(enter(enter(start, 'app'), 'old')).not.toEqual([]);
  });

  test('time is linear in the name', async () => {
    const begun = performance.now();
    expect(await matches(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
