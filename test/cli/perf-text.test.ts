import { describe, expect, test } from 'vitest';
import { figureWords, pluginFigure } from '../../src/cli/perf-text.js';

const share = { label: 'used', value: 83.33333333333333, unit: '%', crit: '90', min: 0, max: 100 };

describe('a figure', () => {
  test('has at most one decimal where it is a share, and is never rounded up to its bound', () => {
    expect(pluginFigure('disk', share)).toBe("'disk/used'=83.3%;;90;0;100");
    expect(pluginFigure('disk', { ...share, value: 89.99 })).toBe("'disk/used'=89.9%;;90;0;100");
    expect(figureWords(share)).toBe('83.3 % (critical: 90)');
    expect(figureWords({ ...share, value: 56.99999999999999 })).toBe('57 % (critical: 90)');
  });

  test('of time and size is said as people say it', () => {
    const time = { label: 'time', value: 0.0012345678, unit: 's', warn: '1', min: 0 };
    expect(pluginFigure('web', time)).toBe("'web/time'=0.001235s;1;;0");
    expect(figureWords(time)).toBe('1.2 ms (warning: 1)');
    expect(figureWords({ label: 'size', value: 2048, unit: 'B' })).toBe('2.0 KiB');
  });

  test('of a plugin stays what the plugin said', () => {
    expect(pluginFigure("o'check", { label: 'n', value: 12.345678901, unit: '' })).toBe("'o''check/n'=12.345678901");
    expect(figureWords({ label: 'n', value: -7, unit: 'c' })).toBe('-7');
  });
});
