import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { MAX_AUDIT_LINE_BYTES } from '../../../src/core/records/audit-entry.js';
import type { Json, JsonObject } from '../../../src/core/records/json.js';
import { outcomeEntry, outcomeOf, readOutcome } from '../../../src/learning/outcome/outcome-of.js';
import { claim, now, opening, reopened } from './episode.js';
import { anyOutcome, outcome } from './outcomes.js';

const written = (one = outcome()) => outcomeEntry(one, 'inc_1', now(500));
const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('the entry of an outcome', () => {
  it('names the incident, what counts and what does not, and the clock last', () => {
    const { decision, metadata, ...rest } = written(outcome({ left_out: ['unknown_attempt'] }));
    expect(rest).toEqual({ actor: 'learner', action: ACTION.outcomeLearned, resource: 'inc_1' });
    expect(decision).toEqual({ counts: { order: true, waits: true, effect: true }, left_out: ['unknown_attempt'] });
    expect(metadata).toMatchObject({ opening: 'log_1', check: 'web', clock: { boot_id: 'b1', elapsed_s: 500 } });
    expect(Object.keys(metadata).at(-1)).toBe('clock');
    expect(metadata).not.toHaveProperty('counts');
  });

  it('is read as it was written, through the log', () => {
    fc.assert(
      fc.property(anyOutcome, (one) => {
        expect(readOutcome(parsed(written(one)))).toEqual(one);
      }),
    );
  });

  it('fits into a line of the log, however much was tried', () => {
    const long = 'p'.repeat(256);
    const claims = Array.from({ length: 200 }, (_, i) => claim(i + 2, long, { outcome: 'failed', verify_s: 1 / 3 }));
    const order = Array.from({ length: 16 }, () => long);
    const one = outcomeOf(
      { opening: opening({ decision: { order } }), next: reopened(999, 9), claims, said: [] },
      now(9),
    );
    expect(one).toBeDefined();
    expect(one && JSON.stringify(written(one)).length).toBeLessThan(MAX_AUDIT_LINE_BYTES - 1024);
  });

  it('is read when a later version has added to it', () => {
    const { decision, metadata } = written();
    const more = { decision: { ...decision, why: 'x' }, metadata: { ...metadata, more: 1 } };
    expect(readOutcome(more)).toEqual(outcome());
  });
});

describe('an entry that is not an outcome', () => {
  const broken: readonly (readonly [string, readonly Json[]])[] = [
    ['opening', ['', 7, null]],
    ['check', [7, null]],
    ['target', [7, null]],
    ['mode', [[], null]],
    ['arm', [7, {}]],
    ['order', ['a', [1], null, [['a']]]],
    ['holdout', ['true', 1, null]],
    ['holdout_share', [-0.1, 1.1, '0.2', null, 5e-324, 1e-7, 1 - 1e-9]],
    ['differs', [0, null]],
    ['predicted', [1.5, -1, '0.5']],
    [
      'tried',
      [{}, null, [1], [{ playbook: 'a', worked: 1, seconds: 1 }], [{ playbook: 'a', worked: true, seconds: -1 }]],
    ],
    ['tried', [[{ playbook: '', worked: true, seconds: 1 }], [{ playbook: 'a', worked: true, seconds: null }]]],
    ['tried', [[{ playbook: 'a', worked: true, seconds: 1e300 }]]],
    ['waits', ['x', [null], [{ playbook: 'a', seconds: 1 }], [{ playbook: 'a', healthy: true, seconds: '1' }]]],
    ['recovered_s', [-1, 'never', true, 1e300]],
    ['relapsed', [null, 0]],
    ['escalated', ['no', null]],
    ['unknown', [-1, 0.5, null, '1']],
  ];

  it.each(broken)('is not read: %s', (field, values) => {
    const { decision, metadata } = written();
    for (const value of values) {
      expect(
        readOutcome({ decision, metadata: { ...metadata, [field]: value } }),
        JSON.stringify(value),
      ).toBeUndefined();
    }
    const { [field]: _, ...without } = metadata;
    expect(readOutcome({ decision, metadata: without })).toBeUndefined();
  });

  it.each<[string, JsonObject]>([
    ['counts', {}],
    ['counts', { counts: [] }],
    ['counts', { counts: { order: true, waits: true } }],
    ['counts', { counts: { order: true, waits: true, effect: 1 } }],
    ['left_out', { left_out: 'no_arm' }],
    ['left_out', { left_out: ['something else'] }],
  ])('is not read: %s of the decision %j', (field, change) => {
    const { decision, metadata } = written();
    const { [field]: _, ...rest } = decision;
    expect(readOutcome({ decision: { ...rest, ...change }, metadata })).toBeUndefined();
  });

  it('is not read from the metadata alone', () => {
    const { decision, metadata } = written();
    expect(readOutcome({ decision: {}, metadata: { ...metadata, ...decision } })).toBeUndefined();
  });
});
