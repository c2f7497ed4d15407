import { expect, it } from 'vitest';
import { chronicleOf, type VersionStory } from '../../../src/learning/governance/chronicle.js';
import { evidenceBefore, sinceVersion } from '../../../src/learning/governance/evidence-of.js';
import { asControls, entryIdAt, learned, lineOf, update } from './entries.js';

const NEW = ['restart', 'cache'];
const tried = (playbook: string, worked: boolean) => [{ playbook, worked, seconds: 5 }];

const ENTRIES = asControls([
  learned({ opening: entryIdAt(lineOf(0) - 1) }, 'a'),
  learned({ check: 'db' }, 'b'),
  update(1),
  // It began before the version.
  learned({ opening: entryIdAt(lineOf(2) - 3), order: NEW, recovered_s: 1 }, 'c'),
  learned(
    { opening: entryIdAt(lineOf(2) + 2), order: NEW, tried: tried('restart', true), predicted: 0.875, recovered_s: 20 },
    'd',
  ),
  learned(
    {
      opening: entryIdAt(lineOf(2) + 3),
      order: NEW,
      tried: tried('restart', false),
      predicted: 0.875,
      recovered_s: 60,
      relapsed: true,
    },
    'e',
  ),
  learned(
    {
      opening: entryIdAt(lineOf(2) + 4),
      order: NEW,
      tried: tried('cache', false),
      predicted: 0.875,
      recovered_s: null,
      escalated: true,
    },
    'f',
  ),
  learned({ opening: entryIdAt(lineOf(2) + 5), holdout: true, recovered_s: 500 }, 'g'),
  learned({ opening: entryIdAt(lineOf(2) + 6), check: 'db', order: NEW }, 'h'),
  update(2, { from: NEW, to: ['cache', 'restart'], kind: 'rollback', rolls_back: 'v1', reason: 'person' }),
  learned({ opening: entryIdAt(lineOf(9) + 1), order: NEW, recovered_s: 1 }, 'i'),
  // It began under v1 and was learned from after it had gone.
  learned(
    { opening: entryIdAt(lineOf(9) - 1), order: NEW, tried: tried('restart', true), predicted: null, recovered_s: 40 },
    'j',
  ),
]);
const CHRONICLE = chronicleOf(ENTRIES);
const version = (id: string) => CHRONICLE.versions.find((one) => one.id === id) as VersionStory;

it('what a change rests on is what was learned of the check before it, newest first', () => {
  const ids = (line: number, limit: number) =>
    evidenceBefore(CHRONICLE, 'web', line, limit).map(({ incident_id }) => incident_id);
  expect(ids(lineOf(2), 10)).toEqual(['a']);
  expect(ids(lineOf(9), 2)).toEqual(['g', 'f']);
  expect(ids(lineOf(0), 10)).toEqual([]);
});

it('what happened since is what began under the version', () => {
  expect(sinceVersion(CHRONICLE, version('v1'))).toEqual({
    ...{ incidents: 5, holdout: 1, served: 4, recovered: 3, mean_s: 40, median_s: 40, relapsed: 1, escalated: 1 },
    // In f another playbook was tried first, and of j nothing was predicted.
    ...{ first: { n: 2, worked: 1, predicted: 1.75 }, waits: null },
  });
  expect(sinceVersion(CHRONICLE, version('v2'))).toMatchObject({
    incidents: 1,
    served: 0,
    mean_s: null,
    median_s: null,
  });
});

it('of a wait it is what was waited after that playbook', () => {
  const waits = [
    { playbook: 'restart', seconds: 4, healthy: true },
    { playbook: 'restart', seconds: 8, healthy: true },
    { playbook: 'restart', seconds: 22.5, healthy: false },
    { playbook: 'cache', seconds: 1, healthy: true },
  ];
  const chronicle = chronicleOf(
    asControls([
      update(1, { kind: 'wait', playbook: 'restart', from: 30, to: 22.5 }),
      learned({ opening: entryIdAt(2), waits }),
    ]),
  );
  const [since] = chronicle.versions.map((one) => sinceVersion(chronicle, one));
  expect(since).toMatchObject({ incidents: 1, served: 1, waits: { n: 3, given_up: 1, median_s: 6 } });
});
