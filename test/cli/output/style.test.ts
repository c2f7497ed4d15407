import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadStyle } from '../../../src/cli/output/style.js';

const loaded = vi.hoisted(() => ({ chalk: 0 }));
vi.mock('chalk', async (original) => {
  loaded.chalk++;
  return await original();
});

describe('loadStyle', () => {
  beforeEach(() => {
    loaded.chalk = 0;
    vi.resetModules();
  });

  it('changes nothing and loads nothing without colour', async () => {
    const style = await loadStyle({ colour: false });
    for (const paint of [style.bold, style.dim, style.green, style.yellow, style.red, style.cyan]) {
      expect(paint('ok')).toBe('ok');
    }
    expect(loaded.chalk).toBe(0);
  });

  it('colours where the stream wants it, whatever chalk thinks of the process', async () => {
    // The tests run with NO_COLOR=1.
    const style = await loadStyle({ colour: true });
    expect(style.red('bad')).toBe('\u001b[31mbad\u001b[39m');
    expect(style.bold('Id')).toBe('\u001b[1mId\u001b[22m');
    expect(loaded.chalk).toBe(1);
  });
});
