import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listSegments, orderSegments, statSegment } from '../../../src/core/journal/segments.js';
import { tempDir } from '../../support/temp-dir.js';

const BASE = 'incidents.jsonl';

describe('orderSegments', () => {
  it.each([
    ['nothing', [], []],
    ['the live file', [BASE], [BASE]],
    ['numbers, the highest is the oldest', ['.1', '', '.10', '.2'], ['.10', '.2', '.1', '']],
    ['dates', ['', '-20261123', '-20251231', '-20261122'], ['-20251231', '-20261122', '-20261123', '']],
    [
      'dates with seconds',
      ['', '-20261123-1795392000', '-20261123-1795388400'],
      ['-20261123-1795388400', '-20261123-1795392000', ''],
    ],
    ['no live file yet', ['.1'], ['.1']],
  ])('%s', (_, suffixes, want) => {
    const name = (suffix: string) => (suffix === BASE ? BASE : BASE + suffix);
    expect(orderSegments(BASE, suffixes.map(name))).toEqual(want.map(name));
  });

  it.each(['.gz', '.1.gz', '.bak', '~', '.', '.x', '-2026', '-20261123.gz', '.-1', '.1 ', 'x', '.swp'])(
    'takes %j for some other file',
    (suffix) => {
      expect(orderSegments(BASE, [BASE, BASE + suffix, `x${BASE}.1`])).toEqual([BASE]);
    },
  );

  it('does not depend on the order in which a directory gives them', () => {
    const names = [BASE, `${BASE}.1`, `${BASE}.2`, `${BASE}.11`, `${BASE}-20250101`, `${BASE}-20250102`];
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (shuffled) => {
        expect(orderSegments(BASE, shuffled)).toEqual(orderSegments(BASE, names));
      }),
    );
  });
});

describe('listSegments', () => {
  it('gives files with size and identity, oldest first, and no directories or links', () => {
    const dir = tempDir();
    writeFileSync(join(dir, BASE), 'abc');
    writeFileSync(join(dir, `${BASE}.1`), 'ab');
    mkdirSync(join(dir, `${BASE}.2`));
    symlinkSync(join(dir, BASE), join(dir, `${BASE}.3`));
    writeFileSync(join(dir, 'immutable_audit.jsonl'), 'x');
    const of = (name: string, size: number) => {
      const path = join(dir, name);
      const { dev, ino } = statSync(path);
      return { name, path, dev, ino, size };
    };
    expect(listSegments(dir, 'incidents')).toEqual([of(`${BASE}.1`, 2), of(BASE, 3)]);
    expect(listSegments(dir, 'audit')).toEqual([of('immutable_audit.jsonl', 1)]);
  });

  it('knows a file that is not there', () => {
    expect(statSegment(tempDir(), BASE)).toBeUndefined();
  });
});
