import fc from 'fast-check';
import type { LeftOut, Outcome } from '../../../src/learning/outcome/outcome.js';

export function outcome(change: Partial<Outcome> = {}): Outcome {
  return {
    ...{ opening: 'log_1', check: 'web', target: 'web.service', mode: 'api_timeout', arm: 'author', order: ['a', 'b'] },
    ...{ holdout: true, holdout_share: 1, differs: false, predicted: 0.5 },
    tried: [{ playbook: 'a', worked: true, seconds: 30 }],
    waits: [{ playbook: 'a', seconds: 20, healthy: true }],
    ...{ recovered_s: 40, relapsed: false, escalated: false, unknown: 0 },
    counts: { order: true, waits: true, effect: true },
    left_out: [],
    ...change,
  };
}

export const ids = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString', '7');
const seconds = fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0);
const share = fc.oneof(fc.constantFrom(0, 1e-6, 0.2, 1), fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }));
const words = fc.constantFrom<LeftOut>('person_first', 'unknown_attempt', 'config_changed', 'no_arm', 'incomplete');

export const anyOutcome: fc.Arbitrary<Outcome> = fc.record({
  opening: fc.constantFrom('log_1', 'log_2'),
  check: fc.constantFrom('web', 'db', '__proto__', ''),
  target: fc.constantFrom('x', 'y', '__proto__'),
  mode: fc.constantFrom('slow', 'down', '__proto__'),
  arm: fc.constantFrom('author', 'holdout', 'candidate', 'incumbent', null),
  order: fc.uniqueArray(ids, { maxLength: 4 }),
  holdout: fc.boolean(),
  holdout_share: share,
  differs: fc.boolean(),
  predicted: fc.option(share),
  tried: fc.array(fc.record({ playbook: ids, worked: fc.boolean(), seconds }), { maxLength: 4 }),
  waits: fc.array(fc.record({ playbook: ids, seconds, healthy: fc.boolean() }), { maxLength: 4 }),
  recovered_s: fc.option(seconds),
  relapsed: fc.boolean(),
  escalated: fc.boolean(),
  unknown: fc.nat(3),
  counts: fc.record({ order: fc.boolean(), waits: fc.boolean(), effect: fc.boolean() }),
  left_out: fc.uniqueArray(words),
});
