import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAILURE_MODES } from '../../src/core/records/failure-modes.js';
import { checkReport } from '../../src/trigger/report.js';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const LEAST = { failure_mode: 'disk_full' };
const problem = (value: unknown) => {
  const checked = checkReport(value, NOW);
  return checked.ok ? undefined : checked.problem;
};

describe('checkReport', () => {
  test('what is not said is left open, nothing is guessed', () => {
    expect(checkReport(LEAST, NOW)).toEqual({
      ok: true,
      report: { failure_mode: 'disk_full', severity: 'medium', source: 'cli', status: 'detected', metadata: {} },
    });
  });

  test.each(FAILURE_MODES)('knows %s', (failure_mode) => {
    expect(problem({ failure_mode })).toBeUndefined();
  });

  test.each([
    [{}, 'field failure_mode '],
    [{ failure_mode: 'toString' }, 'field failure_mode is none of '],
    [{ ...LEAST, severity: 'HIGH' }, 'field severity is none of low, medium, high, critical'],
    [{ ...LEAST, target: '' }, 'field target is empty'],
    [{ ...LEAST, target: 'x'.repeat(1025) }, 'field target is longer than 1,024 characters'],
    [{ ...LEAST, target: null }, 'field target is missing or not a string'],
    [{ ...LEAST, ref: 7 }, 'field ref is missing or not a string'],
    [{ ...LEAST, status: 'failed' }, 'field status is none of detected, resolved'],
    [{ ...LEAST, detected_at: '2026-02-30T00:00:00Z' }, 'field detected_at is not a time'],
    [{ ...LEAST, resolved_at: '2026-11-20T14:00:00Z' }, 'field resolved_at is given, but status is not resolved'],
    [
      { ...LEAST, status: 'resolved', detected_at: '2026-11-20T14:00:00Z', resolved_at: '2026-11-20T15:59:59+02:00' },
      'field resolved_at is before detected_at',
    ],
    [{ ...LEAST, detected_at: '2026-11-24T10:00:01Z' }, 'field detected_at is more than a day in the future'],
    [{ ...LEAST, metadata: { simulated: 'true' } }, 'field metadata.simulated is neither true nor false'],
    [{ ...LEAST, metadata: [] }, 'field metadata '],
    [{ ...LEAST, metadata: { a: 'x'.repeat(65_536) } }, 'field metadata is longer than 65536 bytes'],
    [{ ...LEAST, metadata: { a: Number.POSITIVE_INFINITY } }, 'field metadata.a '],
    [JSON.parse('{"failure_mode":"disk_full","__proto__":1}'), 'a key is named __proto__'],
    [JSON.parse('{"failure_mode":"disk_full","metadata":{"a":[{"__proto__":1}]}}'), 'a key is named __proto__'],
    [{ ...LEAST, colour: 'red' }, 'field colour is not known'],
    [null, 'it is not a JSON object'],
    ['x', 'it is not a JSON object'],
    [[], 'it is not a JSON object'],
  ])('%j: %s', (value, text) => {
    expect(problem(value)).toContain(text);
  });

  test('hostile names in metadata are names like any others', () => {
    const metadata = JSON.parse('{"constructor":{"prototype":{"x":1}},"toString":null,"hasOwnProperty":[]}');
    const checked = checkReport({ ...LEAST, metadata }, NOW);
    expect(checked.ok && Object.entries(checked.report.metadata)).toEqual(Object.entries(metadata));
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ failure_mode: fc.constant('disk_full'), metadata: fc.jsonValue() })),
        (value) => {
          const checked = checkReport(value, NOW);
          if (checked.ok)
            expect(JSON.stringify(JSON.parse(JSON.stringify(checked.report)))).toBe(JSON.stringify(checked.report));
          else expect(checked.problem).not.toBe('');
        },
      ),
    );
  });
});
