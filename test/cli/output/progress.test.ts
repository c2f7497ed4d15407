import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../src/cli/output/progress.js';
import { fakeOut } from './fake-out.js';

function setUp(options: Parameters<typeof fakeOut>[0] = { isTTY: true }, label = 'Checking') {
  const clock = { ms: 5_000 };
  const err = fakeOut(options);
  return { clock, err, progress: createProgress(err, label, () => clock.ms) };
}

/** What stands on the line after these writes. */
function lineOf(text: string): string {
  return text.split('\r').reduce((line, part) => part + line.slice(part.length), '');
}

describe('createProgress', () => {
  it('says nothing during the first second, and then leaves nothing to clear', () => {
    const { clock, err, progress } = setUp();
    progress.update(1, 10);
    clock.ms += 999;
    progress.update(2, 10);
    progress.end();
    expect(err.writes).toEqual([]);
  });

  it('draws one line and erases it at the end', () => {
    const { clock, err, progress } = setUp();
    clock.ms += 1000;
    progress.update(999, 1000);
    expect(lineOf(err.text)).toBe('Checking: 999 of 1000 (99 %)');
    clock.ms += 100;
    progress.update(7, 0);
    expect(lineOf(err.text).trimEnd()).toBe('Checking: 7');
    progress.end();
    expect(lineOf(err.text).trim()).toBe('');
    expect(err.text).toMatch(/\r$/);
    expect(err.text).not.toContain('\n');
  });

  it('redraws at most ten times a second', () => {
    const { clock, err, progress } = setUp();
    clock.ms += 1000;
    for (let i = 0; i < 1000; i++, clock.ms++) progress.update(i, 1000);
    expect(err.writes).toHaveLength(10);
  });

  it('is silent where stderr is no terminal, and after its end', () => {
    const piped = setUp({ isTTY: false });
    piped.clock.ms += 5000;
    piped.progress.update(1, 2);
    piped.progress.end();
    expect(piped.err.writes).toEqual([]);

    const { clock, err, progress } = setUp();
    progress.end();
    clock.ms += 5000;
    progress.update(1, 2);
    expect(err.writes).toEqual([]);
  });

  it('stays on one line and escapes its label', () => {
    const { clock, err, progress } = setUp({ isTTY: true, columns: 20 }, 'a\u001b[2Jlong label that goes on');
    clock.ms += 1000;
    progress.update(1, 2);
    expect(err.text).toBe('\ra\\u{1b}[2Jlong lab…');
  });
});
