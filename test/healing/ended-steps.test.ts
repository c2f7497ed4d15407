import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endedSteps, forgetAct, noteEndedSteps } from '../../src/healing/ended-steps.js';
import { isOwnFile } from '../../src/healing/steps/root-fault.js';
import { tempDir } from '../support/temp-dir.js';

test('the last number that was noted holds, by claim, until it is forgotten', () => {
  const dir = tempDir();
  for (let step = 1; step <= 12; step++) noteEndedSteps(dir, 'log_1', step);
  noteEndedSteps(dir, 'log_2', 1);
  expect(endedSteps(dir)).toEqual(
    new Map([
      ['log_1', 12],
      ['log_2', 1],
    ]),
  );
  forgetAct(dir, 'log_1');
  forgetAct(dir, 'log_1');
  expect(endedSteps(dir)).toEqual(new Map([['log_2', 1]]));
});

test('what is no number counts as none', () => {
  const dir = tempDir();
  for (const [i, text] of ['', 'x\n', '-1\n', '1', '1\n2\n', '9'.repeat(40)].entries()) {
    writeFileSync(join(dir, `.act-log_${i}`), text);
  }
  mkdirSync(join(dir, '.act-log_9'));
  expect([...endedSteps(dir).values()]).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test('nothing is written through a link, or elsewhere', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'mine'), 'as it was');
  symlinkSync(join(dir, 'mine'), join(dir, '.act-log_1'));
  linkSync(join(dir, 'mine'), join(dir, '.act-log_2'));
  for (const claim of ['log_1', 'log_2', '../x', '', 'a/b']) noteEndedSteps(dir, claim, 7);
  forgetAct(dir, '/../mine');
  expect(readFileSync(join(dir, 'mine'), 'utf8')).toBe('as it was');
  expect([...endedSteps(dir).values()]).toEqual([0, 0]);
});

test('that it cannot be written is no reason to stop', () => {
  const dir = tempDir();
  noteEndedSteps(join(dir, 'gone'), 'log_1', 1);
  chmodSync(dir, 0o755);
  expect(endedSteps(dir)).toEqual(new Map());
});

test('a remedy that frees space leaves it alone', () => {
  expect(isOwnFile('.act-log_1_20261123012406833000')).toBe(true);
});
