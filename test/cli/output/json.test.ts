import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeJson } from '../../../src/cli/output/json.js';
import { anyText } from './any-text.js';
import { fakeOut } from './fake-out.js';

function written(value: unknown): string {
  const out = fakeOut();
  writeJson(out, value);
  return out.text;
}

describe('writeJson', () => {
  it('is one pretty document and a line feed', () => {
    expect(written({ a: [1, 'é'], b: null })).toBe('{\n  "a": [\n    1,\n    "é"\n  ],\n  "b": null\n}\n');
    expect(written(undefined)).toBe('null\n');
  });

  it.each([
    ['\u2028\u2029', '"\\u2028\\u2029"\n'],
    ['\u0085\u009b31m\u007f', '"\\u0085\\u009b31m\\u007f"\n'],
    ['\u001b[2J', '"\\u001b[2J"\n'],
    ['\u202e', '"\\u202e"\n'],
    ['\u{e0041}', '"\\udb40\\udc41"\n'],
    ['\ud800', '"\\ud800"\n'],
  ])('%j is written as %s', (text, json) => {
    expect(written(text)).toBe(json);
  });

  it('says what it was given, without one raw control character', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.array(anyText))), (value) => {
        const text = written(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });
});
