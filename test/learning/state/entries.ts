import fc from 'fast-check';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import type { Outcome } from '../../../src/learning/outcome/outcome.js';
import { outcomeEntry } from '../../../src/learning/outcome/outcome-of.js';
import { foldEntry, type LearnerEntry } from '../../../src/learning/state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { now } from '../outcome/episode.js';
import { anyOutcome, ids, outcome } from '../outcome/outcomes.js';

/** As it comes back from the log. */
export const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export function entry(action: string, subject: string, decision: JsonObject, metadata: JsonObject = {}): LearnerEntry {
  return parsed({ action, subject, entry_id: 'log_9', decision, metadata });
}

export function learned(change: Partial<Outcome> = {}): LearnerEntry {
  const { action, resource, decision, metadata } = outcomeEntry(outcome(change), 'inc_1', now(1));
  return entry(action, resource, decision, metadata);
}

export function arms(check: string, decision: JsonObject = {}): LearnerEntry {
  const standing = { first: ['a', 'b'], incumbent: ['a', 'b'], candidate: ['a', 'b'], version: null, holdout: 0.2 };
  return entry(ACTION.learningArms, check, { ...standing, waits: {}, p: {}, ...decision });
}

export function update(decision: JsonObject): LearnerEntry {
  const version = typeof decision.version === 'number' ? decision.version : 1;
  const whole = { version, kind: 'order', check: 'web', from: ['a', 'b'], to: ['b', 'a'], proposal: null, ...decision };
  return entry(ACTION.configUpdate, `v${version}`, whole);
}

export const folded = (entries: readonly LearnerEntry[], from: LearnState = NOTHING_LEARNED): LearnState =>
  entries.reduce(foldEntry, from);

const checks = fc.constantFrom('web', 'db', '__proto__');
const order = fc.uniqueArray(ids, { maxLength: 4 });
const waits = fc.dictionary(ids, fc.double({ min: 0, max: 1e4, noNaN: true }), { maxKeys: 3 });

const anyArms = fc
  .record({
    check: checks,
    first: order,
    incumbent: order,
    candidate: order,
    version: fc.option(fc.integer({ min: 1 })),
    waits,
  })
  .map(({ check, ...decision }) => arms(check, decision));

const anyUpdate = fc
  .record({
    version: fc.integer({ min: 1, max: 99 }),
    kind: fc.constantFrom('order', 'drop', 'rollback', 'wait', 'nonsense'),
    check: checks,
    playbook: ids,
    from: order,
    to: order,
    wait_s: fc.double({ min: 0, max: 1e4, noNaN: true }),
    reason: fc.constantFrom('harm', 'surprises', 'person'),
    hold: fc.boolean(),
    proposal: fc.constantFrom(null, 'p1'),
  })
  .map(({ wait_s, playbook, ...rest }) =>
    update(rest.kind === 'wait' ? { ...rest, playbook, from: 1, to: wait_s } : rest),
  );

/** Any entry that a log may hold, those that change nothing among them. */
export const anyEntry: fc.Arbitrary<LearnerEntry> = fc.oneof(
  { weight: 6, arbitrary: anyOutcome.map((one) => learned(one)) },
  { weight: 2, arbitrary: anyArms },
  { weight: 2, arbitrary: anyUpdate },
  {
    weight: 1,
    arbitrary: fc.constantFrom(entry(ACTION.learningTick, 'learning', {}), entry(ACTION.outcomeLearned, 'x', {})),
  },
);
