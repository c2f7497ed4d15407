import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, truncate, wrap } from '../../../src/cli/output/width.js';
import { anyText } from './any-text.js';

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['nginx', 5],
    ['Grüße', 5],
    ['漢字', 4],
    ['한글', 4],
    ['\u1112\u1161\u11ab', 2],
    ['ｆｕｌｌ', 8],
    ['ﾊﾝｶｸ', 4],
    ['e\u0301', 1],
    ['สวัสดี', 4],
    ['🔥', 2],
    ['🪫', 2],
    ['⚠', 1],
    ['⚠\ufe0f', 2],
    ['🇩🇪', 2],
    ['🇩🇪🇫🇷', 4],
    ['🇩', 2],
    ['─│…–→', 5],
  ])('%s takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('truncate', () => {
  it.each([
    ['nginx', 5, 'nginx'],
    ['nginx', 4, 'ngi…'],
    ['nginx', 1, '…'],
    ['nginx', 0, ''],
    ['漢字漢字', 7, '漢字漢…'],
    ['漢字漢字', 6, '漢字…'],
    ['ae\u0301bc', 3, 'ae\u0301…'],
    ['🇩🇪🇫🇷', 3, '🇩🇪…'],
  ])('%s to %i columns: %s', (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut);
  });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 100 }), (text, width) => {
        expect(displayWidth(truncate(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('wrap', () => {
  it('breaks at spaces', () => {
    expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
  });

  it('breaks a word that is longer than a line, and keeps all of it', () => {
    expect(wrap('id 0123456789abcdef', 6)).toEqual(['id', '012345', '6789ab', 'cdef']);
  });

  it('keeps blanks inside a line, blank lines and empty text', () => {
    expect(wrap('a  b', 4)).toEqual(['a  b']);
    expect(wrap('a\n\nb', 4)).toEqual(['a', '', 'b']);
    expect(wrap('', 4)).toEqual(['']);
  });

  it('breaks neither a wide character, nor a flag, nor a letter from its marks', () => {
    expect(wrap('漢字漢', 3)).toEqual(['漢', '字', '漢']);
    expect(wrap('🇩🇪🇫🇷', 3)).toEqual(['🇩🇪', '🇫🇷']);
    expect(wrap('e\u0301e\u0301', 1)).toEqual(['e\u0301', 'e\u0301']);
  });

  it('comes to an end where no character fits', () => {
    expect(wrap('漢a', 1)).toEqual(['漢', 'a']);
    expect(wrap('ab', 0)).toEqual(['a', 'b']);
  });

  it('never exceeds the width and loses nothing but the blanks at the breaks', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 80 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replace(/[ \n]/g, ''));
      }),
      { numRuns: 1000 },
    );
  });
});
