import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../../src/cli/output/escape.js';
import { anyText } from './any-text.js';

describe('escapeText', () => {
  it.each([
    ['two\nlines', 'two\\nlines'],
    ['a\tb', 'a\\tb'],
    ['gone\rback', 'gone\\u{d}back'],
    ['\u001b[2Jwiped', '\\u{1b}[2Jwiped'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\u0000\u007f', '\\u{0}\\u{7f}'],
    ['user\u202eexe.txt', 'user\\u{202e}exe.txt'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\ud800 and \udfff', '\\u{d800} and \\u{dfff}'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
  ])('%j', (raw, shown) => {
    expect(escapeText(raw)).toBe(shown);
  });

  it('leaves text of any script alone', () => {
    for (const text of ['plain', 'Grüße', '漢字', 'سلام', 'हिन्दी', '👍', 'e\u0301', ''])
      expect(escapeText(text)).toBe(text);
  });

  it('never lets a control, format, separator or surrogate character through', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = escapeText(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(escapeText(shown)).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });
});
