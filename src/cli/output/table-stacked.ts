import type { PaintedCell, PaintedTable } from './table-model.js';
import { displayWidth, wrap } from './width.js';

/** With less room than this beside the keys, values go below them. */
const LEAST_VALUE_WIDTH = 16;
const INDENT = 2;

/** For a terminal too narrow for columns: one block of `key: value` lines a row, an empty line between the blocks. */
export function renderStacked(table: PaintedTable, available: number): string {
  const keyWidth = table.head.reduce((most, key) => Math.max(most, displayWidth(key.text) + ': '.length), 0);
  const beside = available - keyWidth >= LEAST_VALUE_WIDTH;
  const pair = (key: PaintedCell, value: PaintedCell): string[] =>
    beside ? pairBeside(key, value, keyWidth, available) : pairBelow(key, value, available);
  const blocks = table.rows.map((row) => row.flatMap((value, i) => pair(table.head[i] ?? value, value)));
  return blocks.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function pairBeside(key: PaintedCell, value: PaintedCell, keyWidth: number, available: number): string[] {
  const label = `${key.text}:`;
  const room = ' '.repeat(keyWidth - displayWidth(label));
  return wrap(value.text, available - keyWidth).map((line, i) => {
    if (line === '') return i === 0 ? key.paint(label) : '';
    return (i === 0 ? key.paint(label) + room : ' '.repeat(keyWidth)) + value.paint(line);
  });
}

function pairBelow(key: PaintedCell, value: PaintedCell, available: number): string[] {
  const values = value.text === '' ? [] : wrap(value.text, available - INDENT);
  return [
    ...wrap(`${key.text}:`, available).map((line) => key.paint(line)),
    ...values.map((line) => ' '.repeat(INDENT) + value.paint(line)),
  ];
}
