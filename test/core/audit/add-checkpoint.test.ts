import { describe, expect, it } from 'vitest';
import { formatAddCheckpoint, isAddCheckpoint, parseAddCheckpoint } from '../../../src/core/audit/add-checkpoint.js';
import { checkpointFault } from '../../../src/core/audit/checkpoint-fault.js';

/** The example of the specification. */
const PUBLISHED = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;

describe('the body of add-checkpoint', () => {
  it('is read and written as published', () => {
    const parsed = parseAddCheckpoint(PUBLISHED);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.request.old).toBe(20852014);
    expect(parsed.request.proof).toHaveLength(4);
    expect(checkpointFault(parsed.request.note)).toBeUndefined();
    expect(formatAddCheckpoint(parsed.request)).toBe(PUBLISHED);
    expect(isAddCheckpoint(PUBLISHED)).toBe(true);
    expect(isAddCheckpoint(parsed.request.note)).toBe(false);
  });

  it.each([
    ['old 020852014', 1],
    ['old -1', 1],
    ['old', 1],
    ['new 5', 1],
    ['old 9007199254740993', 1],
  ])('begins with a size: not %j', (first, line) => {
    expect(parseAddCheckpoint(PUBLISHED.replace(/^.*/, first))).toMatchObject({ ok: false, line });
  });

  it('has hashes in their one spelling, at most 63, and an empty line after them', () => {
    const change = (from: string | RegExp, to: string) => parseAddCheckpoint(PUBLISHED.replace(from, to));
    expect(change('kaw=', 'kax=')).toMatchObject({ ok: false, line: 2 });
    expect(change('Pd8=\n', 'Pd8\n')).toMatchObject({ ok: false, line: 4 });
    expect(change('Pd8=\n', 'Pd8= \n')).toMatchObject({ ok: false, line: 4 });
    expect(change(/\n\n[\s\S]*/, '')).toMatchObject({ ok: false, line: 6 });
    const hash = `${Buffer.alloc(32).toString('base64')}\n`;
    const many = (n: number) => parseAddCheckpoint(`old 1\n${hash.repeat(n)}\nx`);
    expect(many(63).ok).toBe(true);
    expect(many(64)).toMatchObject({ ok: false, line: 65 });
  });
});

describe('where a note stops being one', () => {
  const note = PUBLISHED.slice(PUBLISHED.indexOf('\n\n') + 2);
  const lines = note.split('\n');
  it.each([
    [0, '', 1],
    [1, '020', 2],
    [2, 'AAAA', 3],
    [2, lines[2]?.replace('2I=', '2J=') ?? '', 3],
    [3, 'an extension', 4],
    [4, '– with another dash', 5],
    [5, lines[5]?.slice(0, -3) ?? '', 6],
  ])('line %i as %j', (at, text, line) => {
    expect(checkpointFault(lines.with(at, text).join('\n'))).toMatchObject({ line });
  });

  it('is its end, where the last line has none', () => {
    expect(checkpointFault(note)).toBeUndefined();
    expect(checkpointFault(note.slice(0, -1))?.line).toBeGreaterThanOrEqual(5);
    expect(checkpointFault(lines.slice(0, 4).join('\n'))?.line).toBeGreaterThanOrEqual(4);
    expect(checkpointFault('')).toMatchObject({ line: 1 });
  });
});
