import { expect, test } from 'vitest';
import { type DrillResult, tallyDrills } from '../../src/cli/drill-tally.js';

test.each<[string, DrillResult[], number, boolean]>([
  ['all were healed', ['resolved', 'resolved'], 2, true],
  ['all that can run here were', ['resolved', 'impossible'], 2, true],
  ['one was not', ['resolved', 'failed'], 2, false],
  ['one could not be staged', ['resolved', 'error'], 2, false],
  ['one was not found', ['resolved', 'not_found'], 2, false],
  ['none can run here', ['impossible', 'impossible'], 2, false],
  ['it was interrupted after the first', ['resolved'], 2, false],
  ['there is none', [], 0, false],
])('what a host has shown: %s', (_, results, wanted, isShown) => {
  const tally = tallyDrills(results, wanted);
  expect(tally.isShown).toBe(isShown);
  expect(tally.possible + tally.impossible).toBe(results.length);
});
