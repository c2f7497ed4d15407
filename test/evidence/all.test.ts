import { expect, it } from 'vitest';
import { allReport } from '../../src/evidence/all.js';
import { learningReport } from '../../src/evidence/learning.js';
import { selfHealingReport } from '../../src/evidence/self-healing.js';
import { unifiedReport } from '../../src/evidence/unified.js';
import { group, incidentFacts, NOW, taskFacts, wholeRecords } from './facts.js';
import { learned } from './learned.js';

const all = (groups = [group()]) =>
  allReport(
    [
      selfHealingReport(incidentFacts({ groups }), wholeRecords(), NOW),
      learningReport({ sums: [] }, learned(), wholeRecords(), null),
      unifiedReport(taskFacts(), wholeRecords()),
    ],
    null,
  );

it('holds the three headlines first, self-healing leading, then every other claim once', () => {
  expect(all().claims.map(({ id }) => id)).toEqual([
    'self_healing',
    'learning_activity',
    'task_registry',
    'record_integrity',
    'learning_effect',
    'learning_calibration',
  ]);
});

it('is empty when there are no incidents', () => {
  expect(all().empty).toBe(false);
  expect(all([]).empty).toBe(true);
});
