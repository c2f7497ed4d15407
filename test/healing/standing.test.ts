import { expect, test } from 'vitest';
import type { ProbeStatus } from '../../src/healing/check.js';
import { afterProbe, NOTHING_SEEN, type SoftState, startAgain } from '../../src/healing/engine/soft-state.js';
import { standingAfter } from '../../src/healing/standing.js';

const rules = { confirm: { need: 2, of: 3 }, flapping: { low: 0.25, high: 0.5 } };
const at = (second: number) => ({ boot_id: 'b', elapsed_s: second, ms: second * 1000 });
const probe = (status: ProbeStatus) => ({ status, summary: '', duration_s: 0 });
const seen = (...statuses: ProbeStatus[]): SoftState =>
  statuses.reduce((state, status, i) => afterProbe(state, probe(status), at(i), rules), NOTHING_SEEN);

test.each<[string, SoftState, ProbeStatus, object]>([
  ['a first failure', NOTHING_SEEN, 'critical', { state: 'not_confirmed', failed: 1, seen_before: false }],
  ['a second one', seen('ok', 'critical'), 'critical', { state: 'confirmed', failed: 2, seen_before: true }],
  ['one long after another', seen('critical', 'ok', 'ok'), 'critical', { state: 'not_confirmed', failed: 1 }],
  ['a pass', seen('critical'), 'ok', { state: 'healthy', failed: 1 }],
  ['a warning', NOTHING_SEEN, 'warning', { state: 'healthy', failed: 0 }],
  ['no answer', seen('critical', 'critical'), 'unknown', { state: 'could_not_tell', failed: 2 }],
  ['within the start period', startAgain(seen('ok'), at(9), 60), 'critical', { state: 'in_start_period', failed: 0 }],
])('%s', (_, before, status, standing) => {
  expect(standingAfter(before, probe(status), at(10), rules)).toMatchObject({ need: 2, of: 3, ...standing });
});
