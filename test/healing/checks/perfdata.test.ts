import fc from 'fast-check';
import { test } from 'vitest';
import { parsePerfdata } from '../../../src/healing/checks/perfdata.js';

test('reads what check_load and check_disk print', ({ expect }) => {
  expect(parsePerfdata('load1=0.010;5.000;9.000;0; load5=0.060;5.000;9.000;0; load15=2;5;9;0;')).toEqual([
    { label: 'load1', value: 0.01, unit: '', warn: '5.000', crit: '9.000', min: 0 },
    { label: 'load5', value: 0.06, unit: '', warn: '5.000', crit: '9.000', min: 0 },
    { label: 'load15', value: 2, unit: '', warn: '5', crit: '9', min: 0 },
  ]);
  expect(parsePerfdata('/=2643MB;5948;5958;0;5968')).toEqual([
    {
      label: '/',
      value: 2643 * 2 ** 20,
      unit: 'B',
      warn: `${5948 * 2 ** 20}`,
      crit: `${5958 * 2 ** 20}`,
      min: 0,
      max: 5968 * 2 ** 20,
    },
  ]);
});

test('reads quoted labels, ranges, units and values without a leading digit', ({ expect }) => {
  expect(parsePerfdata(`'free space'=1%;@10:20;~:5;;100 'it''s = it'=-3c   rta=250ms;100:;:9 x=.5W`)).toEqual([
    { label: 'free space', value: 1, unit: '%', warn: '@10:20', crit: '~:5', max: 100 },
    { label: "it's = it", value: -3, unit: 'c' },
    { label: 'rta', value: 0.25, unit: 's', warn: '0.1:', crit: ':0.009' },
    { label: 'x', value: 0.5, unit: 'W' },
  ]);
});

test('passes over what does not read so, and reads on', ({ expect }) => {
  const text = `a=U b=1,5 =3 c c=1e999 d=1;5;x;y "e=2 'f=3 g==4 'h'i=5 j=NaN k=0x1f __proto__=7 z=1;;;;;9`;
  expect(parsePerfdata(text)).toEqual([
    { label: 'd', value: 1, unit: '', warn: '5' },
    { label: '"e', value: 2, unit: '' },
    { label: '__proto__', value: 7, unit: '' },
    { label: 'z', value: 1, unit: '' },
  ]);
  expect(parsePerfdata('')).toEqual([]);
  expect(parsePerfdata(" \t\r\n ' ")).toEqual([]);
});

const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 });
const label = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });

test('what was written in the form of the guidelines is read back', ({ expect }) => {
  const item = fc.record({ label, value: number, unit: fc.constantFrom('', 's', '%', 'B', 'c') });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), (items) => {
      const text = items.map((i) => `'${i.label.replaceAll("'", "''")}'=${i.value}${i.unit};;;;`).join(' ');
      // A label that would end in a quote and an = cannot be told from its end.
      fc.pre(items.every((i) => !i.label.includes('=')));
      expect(parsePerfdata(text)).toEqual(items.map((i) => ({ ...i, value: expect.closeTo(i.value, 6) })));
    }),
    { numRuns: 300 },
  );
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom("'", "''", '=', ';', '1', ' ', '\n', '.', '-', 'e', '~', '@', ':', '%', 'a', '\ud800', '|'),
      { maxLength: 300 },
    )
    .map((parts) => parts.join('')),
);

test('hostile text gives figures that are figures, and few of them', ({ expect }) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const found = parsePerfdata(text);
      expect(found.length).toBeLessThanOrEqual(256);
      for (const { label, value, unit, warn = '0', crit = '0', min = 0, max = 0 } of found) {
        expect(label.length >= 1 && label.length <= 255).toBe(true);
        expect(text.includes(label) || text.includes(label.replaceAll("'", "''"))).toBe(true);
        expect([value, min, max].every(Number.isFinite)).toBe(true);
        expect(unit).toMatch(/^[\p{L}%°]{0,16}$/u);
        expect(`${warn} ${crit}`).toMatch(/^[@~:0-9.eE+-]+ [@~:0-9.eE+-]+$/);
      }
    }),
    { numRuns: 3000 },
  );
});

test.for(["'", "''", "''' ", "'a''' ", "a='", '=', 'a', 'a=1', 'a=1 ', '1;', '9', "'a ", ' ', 'a=1.', 'a=1e'])(
  'takes time in proportion to the text: %j over and over',
  (part, { expect }) => {
    const text = part.repeat(400_000 / part.length);
    const began = performance.now();
    parsePerfdata(text);
    expect(performance.now() - began).toBeLessThan(1000);
  },
);
