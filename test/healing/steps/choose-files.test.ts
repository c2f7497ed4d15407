import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseFiles, type FoundFile, pathOf } from '../../../src/healing/steps/choose-files.js';
import { fileKey } from '../../../src/healing/steps/open-files.js';

const NOW = 1_000_000;
const RULES = { older_than: 100, keep: 0, how: 'delete' } as const;

let inodes = 0n;
const file = (name: string, age_s: number, more: Partial<FoundFile> = {}): FoundFile => ({
  root: '/r',
  directories: [],
  name,
  dev: 1n,
  ino: ++inodes,
  allocated_bytes: 4096,
  size_bytes: 10,
  mtime_ms: NOW - age_s * 1000,
  links: 1,
  ...more,
});
const names = (files: readonly FoundFile[]) => files.map(({ name }) => name);

test('eldest first, from the age on that is given', () => {
  const files = [file('99', 99.999), file('100', 100), file('300', 300), file('200', 200), file('future', -50)];
  expect(names(chooseFiles(files, RULES, NOW).chosen)).toEqual(['300', '200', '100']);
});

test('the newest of each directory stay, young ones counted', () => {
  const files = [
    ...[file('a', 10), file('b', 200), file('c', 300)],
    ...[file('d', 400, { directories: ['x'] }), file('e', 500, { directories: ['x'] })],
    file('f', 600, { root: '/other' }),
  ];
  expect(names(chooseFiles(files, { ...RULES, keep: 1 }, NOW).chosen)).toEqual(['e', 'c', 'b']);
  expect(names(chooseFiles(files, { ...RULES, keep: 2 }, NOW).chosen)).toEqual(['c']);
});

test('compressed and empty files are not compressed again', () => {
  const files = ['a.gz', 'b.log', 'c.ZST', 'd.tar.xz', 'e.gz.log'].map((name) => file(name, 200));
  const empty = file('empty', 200, { size_bytes: 0 });
  expect(names(chooseFiles([...files, empty], { ...RULES, how: 'compress' }, NOW).chosen)).toEqual([
    'b.log',
    'e.gz.log',
  ]);
  expect(chooseFiles([...files, empty], RULES, NOW).chosen).toHaveLength(6);
});

test('whatever the files: each is chosen or not, never young, never open, never with a second name, never of the newest', () => {
  const files = fc.array(
    fc.record({
      age: fc.integer({ min: -10, max: 300 }),
      dir: fc.constantFrom('a', 'b'),
      links: fc.integer({ min: 1, max: 2 }),
      open: fc.boolean(),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(files, fc.integer({ min: 0, max: 4 }), (made, keep) => {
      const all = made.map(({ age, dir, links }, i) => file(`${i}`, age, { directories: [dir], links }));
      const isOpen = new Set(all.filter((_, i) => made[i]?.open).map(fileKey));
      const { chosen, open, linked } = chooseFiles(all, { ...RULES, keep }, NOW, isOpen);
      const split = [...chosen, ...open, ...linked];
      expect(new Set(split.map(pathOf)).size).toBe(split.length);
      expect(chosen.every((one) => one.links === 1 && !isOpen.has(fileKey(one)))).toBe(true);
      expect(split.every((one) => NOW - one.mtime_ms >= 100_000)).toBe(true);
      for (const one of split) {
        const newer = all.filter(
          (other) => other.directories[0] === one.directories[0] && other.mtime_ms >= one.mtime_ms,
        );
        expect(newer.length).toBeGreaterThan(keep);
      }
      for (const one of all.filter((other) => !split.includes(other) && NOW - other.mtime_ms >= 100_000)) {
        const newer = all.filter(
          (other) => other.directories[0] === one.directories[0] && other.mtime_ms > one.mtime_ms,
        );
        expect(newer.length).toBeLessThan(keep);
      }
    }),
  );
});
