import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { loadStyle } from '../../../src/cli/output/style.js';
import { renderTable, type TableCell, type TableColumn } from '../../../src/cli/output/table.js';
import { displayWidth } from '../../../src/cli/output/width.js';
import { anyText } from './any-text.js';
import { fakeOut } from './fake-out.js';

const loaded = vi.hoisted(() => ({ cliTable: 0 }));
vi.mock('cli-table3', async (original) => {
  loaded.cliTable++;
  return await original();
});

const plain = await loadStyle({ colour: false });
const coloured = await loadStyle({ colour: true });
const pipe = fakeOut();
const terminal = (columns: number) => fakeOut({ isTTY: true, columns });

const columns: TableColumn[] = [
  { header: 'Id' },
  { header: 'Service' },
  { header: 'Tries', align: 'right' },
  { header: 'What happened' },
];
const rows: TableCell[][] = [
  ['INC-1', 'nginx', 2, 'the port was taken by another process, which had to be stopped first'],
  ['INC-20', 'postgresql', 10, 'restarted'],
];

describe('to a pipe', () => {
  it('is bare columns under a header line, without loading the table library', async () => {
    expect(await renderTable(columns, rows, pipe, plain)).toBe(
      [
        'Id      Service     Tries  What happened',
        'INC-1   nginx           2  the port was taken by another process, which had to be stopped first',
        'INC-20  postgresql     10  restarted',
        '',
      ].join('\n'),
    );
    expect(loaded.cliTable).toBe(0);
  });

  it('shows no value as a dash and leaves no blanks at the end of a line', async () => {
    const table = await renderTable(
      [{ header: 'A' }, { header: 'B', align: 'right' }, { header: 'Long header' }],
      [
        ['1', null, 'x '],
        ['22', '', ''],
        ['', 3, ''],
      ],
      pipe,
      plain,
    );
    expect(table).toBe('A   B  Long header\n1   –  x\n22\n    3\n');
  });

  it('truncates nothing, however narrow $COLUMNS is', async () => {
    const long = 'x'.repeat(5000);
    expect(await renderTable([{ header: 'A' }], [[long]], fakeOut({ columns: 20 }), plain)).toBe(`A\n${long}\n`);
  });

  it('is one line a row whatever the data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyText, anyText), { maxLength: 5 }), async (data) => {
        const table = await renderTable([{ header: 'A' }, { header: 'B' }], data, pipe, plain);
        const lines = table.split('\n');
        expect(lines).toHaveLength(data.length + 2);
        for (const line of lines) expect(line).toBe(line.trimEnd());
        expect(table.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('is coloured only when colour was forced', async () => {
    const cells: TableCell[][] = [[{ text: 'bad', style: coloured.red }]];
    expect(await renderTable([{ header: 'A' }], cells, pipe, coloured)).toBe('A\nbad\n');
    expect(await renderTable([{ header: 'A' }], cells, fakeOut({ colour: true }), coloured)).toBe(
      '\u001b[1mA\u001b[22m\n\u001b[31mbad\u001b[39m\n',
    );
  });
});

describe('on a terminal', () => {
  it('has borders and takes only the room it needs', async () => {
    const table = await renderTable(columns, rows, terminal(200), plain);
    expect(loaded.cliTable).toBe(1);
    expect(table).toBe(
      [
        '┌────────┬────────────┬───────┬──────────────────────────────────────────────────────────────────────┐',
        '│ Id     │ Service    │ Tries │ What happened                                                        │',
        '├────────┼────────────┼───────┼──────────────────────────────────────────────────────────────────────┤',
        '│ INC-1  │ nginx      │     2 │ the port was taken by another process, which had to be stopped first │',
        '│ INC-20 │ postgresql │    10 │ restarted                                                            │',
        '└────────┴────────────┴───────┴──────────────────────────────────────────────────────────────────────┘',
        '',
      ].join('\n'),
    );
  });

  it('shrinks the widest column and wraps it at 60 columns', async () => {
    const table = await renderTable(columns, rows, terminal(60), plain);
    expect(table).toBe(
      [
        '┌────────┬────────────┬───────┬────────────────────────────┐',
        '│ Id     │ Service    │ Tries │ What happened              │',
        '├────────┼────────────┼───────┼────────────────────────────┤',
        '│ INC-1  │ nginx      │     2 │ the port was taken by      │',
        '│        │            │       │ another process, which had │',
        '│        │            │       │ to be stopped first        │',
        '├────────┼────────────┼───────┼────────────────────────────┤',
        '│ INC-20 │ postgresql │    10 │ restarted                  │',
        '└────────┴────────────┴───────┴────────────────────────────┘',
        '',
      ].join('\n'),
    );
  });

  it('turns into blocks of key and value where columns cannot fit', async () => {
    const table = await renderTable(columns, rows, terminal(36), plain);
    expect(table).toBe(
      [
        'Id:            INC-1',
        'Service:       nginx',
        'Tries:         2',
        'What happened: the port was taken by',
        '               another process,',
        '               which had to be',
        '               stopped first',
        '',
        'Id:            INC-20',
        'Service:       postgresql',
        'Tries:         10',
        'What happened: restarted',
        '',
      ].join('\n'),
    );
  });

  it('puts values below their keys where there is no room beside them', async () => {
    expect(await renderTable(columns, [['INC-1', 'nginx', 2, 'it fell over']], terminal(12), plain)).toBe(
      'Id:\n  INC-1\nService:\n  nginx\nTries:\n  2\nWhat\nhappened:\n  it fell\n  over\n',
    );
  });

  it('shrinks by weight, keeps `grow: 0` whole and respects `min`', async () => {
    const words = 'word '.repeat(20).trim();
    const widths = async (specs: TableColumn[]) => {
      const table = await renderTable(specs, [[words, words]], terminal(67), plain);
      return (table.split('\n')[0] ?? '').split('┬').map((part) => part.replace(/[┌┐]/g, '').length - 2);
    };
    expect(await widths([{ header: 'A' }, { header: 'B' }])).toEqual([30, 30]);
    expect(await widths([{ header: 'A', grow: 2 }, { header: 'B' }])).toEqual([40, 20]);
    expect(
      await widths([
        { header: 'A', grow: 9 },
        { header: 'B', min: 25 },
      ]),
    ).toEqual([35, 25]);
    const whole = await renderTable(
      [{ header: 'A', grow: 0 }, { header: 'B' }],
      [['0123456789'.repeat(4), words]],
      terminal(67),
      plain,
    );
    expect(whole).toContain(`│ ${'0123456789'.repeat(4)} │ word word word word  │`);
  });

  it('breaks a long word rather than cutting it', async () => {
    const digest = '0123456789abcdef'.repeat(8);
    const table = await renderTable([{ header: 'Digest' }], [[digest]], terminal(40), plain);
    expect(table.split('\n').slice(3, -2).join('').replace(/[│ ]/g, '')).toBe(digest);
  });

  it('escapes headers and cells', async () => {
    const table = await renderTable(
      [{ header: 'A\u001b[2J' }],
      [['x\ny'], [{ text: '\u001b]0;title\u0007' }]],
      terminal(60),
      plain,
    );
    expect(table).toContain('A\\u{1b}[2J');
    expect(table).toContain('x\\ny');
    expect(table).toContain('\\u{1b}]0;title\\u{7}');
  });

  it('colours each line of a wrapped cell and nothing around it', async () => {
    const out = fakeOut({ isTTY: true, columns: 40, colour: true });
    const text = 'a sentence that takes two lines on this one';
    const table = await renderTable([{ header: 'A' }], [[{ text, style: coloured.red }]], out, coloured);
    expect(table).toContain('│ \u001b[31ma sentence that takes two lines on\u001b[39m   │');
    expect(table).toContain('│ \u001b[31mthis one\u001b[39m                             │');
    expect(table).toContain('│ \u001b[1mA\u001b[22m ');
  });

  it('is a frame around the header when there are no rows, and nothing without columns', async () => {
    expect(await renderTable([{ header: 'A' }], [], terminal(60), plain)).toBe('┌───┐\n│ A │\n└───┘\n');
    expect(await renderTable([], [], terminal(60), plain)).toBe('');
  });

  it('fills cells a row does not have', async () => {
    expect(await renderTable([{ header: 'A' }, { header: 'B' }], [['x']], terminal(60), plain)).toContain('│ x │ – │');
  });

  it('draws a long table in one frame, without a seam, and quickly', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => [`INC-${i}`, 'x x'.repeat(i % 3), i, 1, 2, 3, 4, 5]);
    const specs = ['Id', 'Text', 'N', 'A', 'B', 'C', 'D', 'E'].map((header) => ({ header }));
    const started = performance.now();
    const table = await renderTable(specs, many, terminal(100), plain);
    // cli-table3 alone takes more than eight seconds for as many cells in one table.
    expect(performance.now() - started).toBeLessThan(6000);
    const lines = table.trimEnd().split('\n');
    expect(lines).toHaveLength(10_000 + 4);
    expect(lines.filter((line) => line.startsWith('├'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('│'))).toHaveLength(10_001);
    expect(lines[2001]).toMatch(/^│ INC-1998 /);
  });

  it('has a rule between all rows of a long table once one of them wraps', async () => {
    const many = Array.from({ length: 120 }, (_, i) => [`INC-${i}`, i === 77 ? 'word '.repeat(30) : 'w']);
    const lines = (await renderTable([{ header: 'Id' }, { header: 'Text' }], many, terminal(60), plain))
      .trimEnd()
      .split('\n');
    expect(lines.filter((line) => line.startsWith('├'))).toHaveLength(120);
    expect(lines.filter((line) => line.startsWith('┌') || line.startsWith('└'))).toHaveLength(2);
    for (const [i, line] of lines.entries()) if (line.startsWith('├')) expect(lines[i + 1]).toMatch(/^│ INC-/);
  });

  it('draws a cell of a hundred kilobytes quickly', async () => {
    const started = performance.now();
    await renderTable([{ header: 'A' }, { header: 'B' }], [['x', 'word 漢 '.repeat(15_000)]], terminal(60), plain);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('whatever the data', () => {
  const table = fc.integer({ min: 1, max: 8 }).chain((n) =>
    fc.record({
      specs: fc.array(
        fc.record(
          {
            header: anyText,
            align: fc.constantFrom('left' as const, 'right' as const),
            min: fc.integer({ min: 0, max: 30 }),
            grow: fc.integer({ min: 0, max: 5 }),
          },
          { requiredKeys: ['header'] },
        ),
        { minLength: n, maxLength: n },
      ),
      data: fc.array(fc.array(fc.oneof(anyText, fc.integer(), fc.constant(null)), { minLength: n, maxLength: n }), {
        maxLength: 6,
      }),
      width: fc.integer({ min: 40, max: 200 }),
      colour: fc.boolean(),
    }),
  );

  it('no line is wider than the terminal, borders are straight and nothing raw gets through', async () => {
    let bordered = 0;
    let stacked = 0;
    await fc.assert(
      fc.asyncProperty(table, async ({ specs, data, width, colour }) => {
        const out = fakeOut({ isTTY: true, columns: width, colour });
        const cells = data.map((row) => row.map((text) => ({ text, style: coloured.green })));
        const text = await renderTable(specs, cells, out, colour ? coloured : plain);
        const shown = stripVTControlCharacters(text);
        if (!colour) expect(text).toBe(shown);
        const lines = shown.split('\n').slice(0, -1);
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const widths = lines.map(displayWidth);
        for (const lineWidth of widths) expect(lineWidth).toBeLessThanOrEqual(width);
        if (shown.startsWith('┌')) {
          bordered++;
          expect(new Set(widths).size).toBe(1);
        } else {
          stacked++;
        }
      }),
      { numRuns: 500 },
    );
    expect(bordered).toBeGreaterThan(50);
    expect(stacked).toBeGreaterThan(10);
  });
});
