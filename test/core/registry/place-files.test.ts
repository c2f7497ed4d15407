import { expect, test } from 'vitest';
import type { ScannedFile } from '../../../src/core/registry/foreign-ranges.js';
import { placeFiles } from '../../../src/core/registry/place-files.js';

const file = (lines: number, change: Partial<ScannedFile> = {}): ScannedFile => ({
  lines,
  named: [],
  stated: [],
  ...change,
});
const begins = (first: number, at = 0) => ({ stated: [{ at, first }] });

test('each file begins where the one before it ends; what is gone before the first is counted', () => {
  expect(placeFiles([file(3, begins(10)), file(2, begins(13)), file(4)], 15)).toEqual({
    files: [
      { first: 10, lines: 3 },
      { first: 13, lines: 2 },
      { first: 15, lines: 4 },
    ],
    foreign: [],
  });
  // The first file of a log says nothing.
  expect(placeFiles([file(15), file(4)], 15).files[0]).toEqual({ first: 0, lines: 15 });
});

test('lines that are missing between two files: none before them counts', () => {
  expect(placeFiles([file(3), file(2, begins(3)), file(4, begins(9))], 9)).toEqual({
    files: [
      { first: 0, lines: 3 },
      { first: 3, lines: 2 },
      { first: 9, lines: 4 },
    ],
    foreign: [{ from: 0, to: 5 }],
  });
});

test('what was appended to a file after its rotation is no gap and does not count', () => {
  expect(placeFiles([file(3), file(4, begins(3)), file(4, begins(5))], 5).files).toEqual([
    { first: 0, lines: 3 },
    { first: 3, lines: 2 },
    { first: 5, lines: 4 },
  ]);
  expect(placeFiles([file(9), file(4)], 5).files[0]).toEqual({ first: 0, lines: 5 });
});

test('another program that says where a file begins is not believed', () => {
  // Its line is the first of the second file; the third says so.
  const second = file(3, { stated: [{ at: 0, first: 2 }] });
  const third = file(2, { named: [{ at: 0, from: -3, to: -2 }] });
  expect(placeFiles([file(5), second, third], 8)).toEqual({
    files: [
      { first: 0, lines: 5 },
      { first: 5, lines: 3 },
      { first: 8, lines: 2 },
    ],
    foreign: [{ from: 5, to: 6 }],
  });
});

test('an entry that names lines of others, and stands among such lines itself, was made up', () => {
  const live = file(5, {
    named: [
      { at: 1, from: 0, to: 1 },
      { at: 4, from: 1, to: 3 },
    ],
  });
  expect(placeFiles([live], 7).foreign).toEqual([{ from: 8, to: 10 }]);
});
