import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/core/records/incident.js';
import { readIncident } from '../../src/core/records/incident.js';
import type { JsonObject } from '../../src/core/records/json.js';
import {
  closed,
  failed,
  opened,
  recovered,
  remediating,
  reopened,
  resolved,
  rounded,
  stillFailing,
  takenOn,
  unknownAttempt,
  withAttempt,
} from '../../src/healing/snapshots.js';
import { newIncident, oldIncident } from '../support/records.js';

const attempt = (n: number): Attempt => ({
  playbook_id: 'p',
  claim: `log_${n}`,
  steps: [{ name: `step_${n}`, exit: 'exit 0', duration_s: 1 }],
  started_at: '2026-11-23T00:18:47.123Z',
  duration_s: 1,
  outcome: 'failed',
  verified: false,
});

const first = opened({
  incident_id: 'inc_1',
  check: { name: 'web', target: 't', failure_mode: 'api_timeout', severity: 'high' },
  origin: 'real',
  host: 'h',
  boot_id: 'b',
  onset_at: '2026-11-23T00:18:47.123Z',
  detected_at: '2026-11-23T00:18:48.123Z',
  confirm_s: 1.000_000_4,
  trigger: { source: 'check', ref: null },
  metadata: { a: 1 },
});

const at = '2026-11-23T00:19:00.000Z';
const verification = { status: 'verified', by: 'web', passes: 2, at } as const;
const recovery = { at, mttr_s: 12.345_678_9, timings: { act_s: 0.1 }, attempt: attempt(1), verification };

const acting = remediating(first, {
  playbook: { id: 'p', name: 'P' },
  ...{ arm: 'author', propensity: 1, config_version: 'c1' },
});
const relapse = { onset_at: '2026-11-23T01:00:00.000Z', confirm_s: 2.000_000_4 };
const passedAgain = { at, mttr_s: 7.000_000_4, resolution: 'self_recovered', by: 'web', passes: 3 } as const;

describe('the snapshots of an incident', () => {
  test('each of them is a record that is read back', () => {
    const over = resolved(acting, recovery);
    const all = [first, acting, over, failed(acting, { error: 'no' }), stillFailing(acting, { error: 'no' })];
    const later = [
      reopened(over, relapse),
      recovered(first, passedAgain),
      closed(first, at),
      closed(failed(first, { error: 'no' }), at),
    ];
    for (const snapshot of [...all, ...later]) {
      expect(readIncident(JSON.parse(JSON.stringify(snapshot)) as JsonObject)).toMatchObject({ ok: true });
    }
    expect(first).toMatchObject({ status: 'detected', success: false, timings: { confirm_s: 1 }, resolution: 'none' });
    expect(acting).toEqual({
      ...first,
      ...{ status: 'remediating', playbook_id: 'p', playbook_name: 'P' },
      ...{ arm: 'author', propensity: 1, config_version: 'c1' },
    });
  });

  test('resolved keeps what was and adds what came', () => {
    const after = resolved(first, recovery);
    expect(after).toMatchObject({
      status: 'resolved',
      success: true,
      error: null,
      resolved_at: at,
      mttr_seconds: 12.345_679,
      timings: { confirm_s: 1, decide_s: null, act_s: 0.1, verify_s: null },
      actions_taken: ['step_1'],
      resolution: 'remediated',
      verification,
      metadata: { a: 1 },
    });
    expect(first.attempts).toEqual([]);
  });

  test('the same failure again: a new episode of the same incident', () => {
    const over = resolved(acting, recovery);
    expect(reopened(over, relapse)).toEqual({
      ...over,
      ...{ status: 'detected', resolved_at: null, mttr_seconds: null, success: false, error: null, relapses: 1 },
      ...{ onset_at: relapse.onset_at, resolution: 'none' },
      timings: { confirm_s: 2, decide_s: null, act_s: null, verify_s: null },
      verification: { status: 'unverified', by: null, passes: 0, at: null },
    });
    expect(reopened(reopened(over, relapse), relapse).relapses).toBe(2);
  });

  test('a check that passes again has verified the recovery, not a remedy', () => {
    expect(recovered(failed(first, { error: 'no' }), passedAgain)).toEqual({
      ...first,
      ...{ status: 'resolved', resolved_at: at, mttr_seconds: 7, success: true, error: null },
      ...{ resolution: 'self_recovered', verification: { status: 'verified', by: 'web', passes: 3, at } },
    });
  });

  test('closed by a person is never verified and never a success; what had failed has failed', () => {
    const verified = { status: 'verified', by: 'web', passes: 2, at } as const;
    for (const before of [first, { ...acting, verification: verified }]) {
      expect(closed(before, at)).toMatchObject({
        ...{ status: 'resolved', resolved_at: at, mttr_seconds: null, success: false, resolution: 'manual' },
        verification: { status: 'unverified', by: null, passes: 0, at: null },
      });
    }
    expect(closed(failed(first, { error: 'no' }), at)).toMatchObject({
      ...{ status: 'failed', resolved_at: null, success: false, resolution: 'manual', error: 'no' },
    });
  });

  test('a remedy that did not help: the incident goes on', () => {
    expect(stillFailing(acting, { error: 'no', attempt: attempt(1) })).toMatchObject({
      ...{ status: 'detected', success: false, error: 'no', resolution: 'none', attempts: { length: 1 } },
    });
  });

  test('failed is never a success, and keeps its verification unless there is a new one', () => {
    const after = failed(first, { error: 'it did not work', attempt: attempt(1) });
    expect(after).toMatchObject({ status: 'failed', success: false, resolved_at: null, mttr_seconds: null });
    expect(after.verification).toBe(first.verification);
    expect(after.attempts).toHaveLength(1);
  });

  test('the last twenty attempts are kept, the others counted, all of their steps named', () => {
    let incident = first;
    for (let n = 1; n <= 23; n++) incident = failed(incident, { error: 'no', attempt: attempt(n) });
    expect(incident.attempts.map((one) => one.claim)).toEqual(Array.from({ length: 20 }, (_, i) => `log_${i + 4}`));
    expect(incident.attempts_dropped).toBe(3);
    expect(incident.actions_taken).toHaveLength(23);
  });

  test('one of the old system is taken on without inventing anything', () => {
    const old = oldIncident();
    expect(takenOn(old)).toEqual({ ...old, attempts: [], attempts_dropped: 0 });
    expect(failed(takenOn(old), { error: 'no', attempt: attempt(1) }).attempts).toHaveLength(1);
    const full = newIncident({ attempts: [attempt(1)], attempts_dropped: 4 });
    expect(takenOn(full)).toEqual(full);
  });

  test.each([
    [-1, 0],
    [0, 0],
    [1e-7, 0],
    [0.123_456_78, 0.123_457],
  ])('rounded(%d) is %d', (seconds, micros) => {
    expect(rounded(seconds)).toBe(micros);
  });
});

test('what is known later of an attempt takes its place, and changes nothing else', () => {
  const claim = { playbook_id: 'p', claim_id: 'log_1', claimed_at: at } as Parameters<typeof unknownAttempt>[0];
  const before = closed(withAttempt(withAttempt(acting, unknownAttempt(claim)), attempt(2)), at);
  const after = withAttempt(before, attempt(1));
  expect(after).toEqual({
    ...before,
    attempts: [attempt(1), attempt(2)],
    actions_taken: [...before.actions_taken, 'step_1'],
  });
  expect(withAttempt(after, attempt(1))).toEqual(after);
});
