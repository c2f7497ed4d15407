import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import type { Ledger } from '../../src/core/ledger.js';
import type { Check, ProbeStatus } from '../../src/healing/check.js';
import type { HealEvent } from '../../src/healing/events.js';
import { type HealJob, type HealTools, heal } from '../../src/healing/heal.js';
import type { Step, StepResult } from '../../src/healing/playbook.js';
import { readLogs } from '../support/cli.js';
import { claimEntry, DEAD_OWNER, newIncident } from '../support/records.js';
import { openLedger } from '../support/registry.js';
import { tempDir } from '../support/temp-dir.js';

/** A check that says what it is told; the last answer is repeated. */
function checkSaying(...answers: ProbeStatus[]): Check & { asked: number } {
  const check = {
    name: 'web',
    target: 'http://t/',
    failure_mode: 'api_timeout',
    severity: 'high' as const,
    asked: 0,
    async probe() {
      const status = answers[Math.min(check.asked++, answers.length - 1)] ?? 'unknown';
      return { status, summary: `it is ${status}`, duration_s: 0.001 };
    },
  };
  return check;
}

interface Stand {
  readonly dir: string;
  readonly ledger: Ledger;
  readonly events: HealEvent[];
  /** The actions that stood in the audit log when each step ran. */
  readonly ran: string[][];
  readonly stop: AbortController;
  run(
    check: Check,
    change?: Partial<HealJob>,
    steps?: readonly (StepResult['outcome'] | (() => void))[],
    within_s?: number,
  ): ReturnType<typeof heal>;
}

let suffix = 0;

function stand(): Stand {
  const dir = tempDir();
  const ledger = openLedger(dir);
  const events: HealEvent[] = [];
  const ran: string[][] = [];
  const stop = new AbortController();
  return {
    ...{ dir, ledger, events, ran, stop },
    run(check, change = {}, steps = ['worked'], within_s = 10) {
      const made = steps.map(
        (what, i): Step => ({
          name: `step_${i}`,
          async run() {
            ran.push(readLogs(dir).audit.map((entry) => entry.action));
            if (typeof what === 'function') what();
            return typeof what === 'function' ? { outcome: 'worked', exit: 'exit 0' } : { outcome: what, exit: what };
          },
        }),
      );
      const job: HealJob = {
        check,
        playbook: { id: 'p', name: 'P', steps: made, verify: { passes: 2, within_s, every_s: 0.001 } },
        confirm: { need: 2, of: 3, every_s: 0 },
        origin: 'real',
        trigger: { source: 'check', ref: null },
        metadata: {},
        ...change,
      };
      const tools: HealTools = {
        ...{ ledger, clock: systemClock, host: 'h', stop: stop.signal },
        newSuffix: () => `s${suffix++}`,
        emit: (event) => events.push(event),
      };
      return heal(job, tools);
    },
  };
}

const kinds = (events: readonly HealEvent[]) => events.map((event) => event.kind);

describe('heal', () => {
  test('a healthy service is left alone, and nothing is written', async () => {
    const { run, dir, events } = stand();
    expect(await run(checkSaying('ok'))).toEqual({ kind: 'healthy' });
    expect(await run(checkSaying('warning'))).toEqual({ kind: 'healthy' });
    expect(readLogs(dir)).toEqual({ incidents: [], audit: [] });
    expect(kinds(events)).toEqual(['probed', 'probed']);
  });

  test('one bad probe is no failure; a check that could not run is no reason', async () => {
    const { run, dir, ran } = stand();
    expect(await run(checkSaying('critical', 'ok'))).toEqual({ kind: 'not_confirmed' });
    expect(await run(checkSaying('unknown'))).toEqual({ kind: 'could_not_tell', summary: 'it is unknown' });
    expect(await run(checkSaying('critical', 'unknown'))).toMatchObject({ kind: 'could_not_tell' });
    expect(readLogs(dir)).toEqual({ incidents: [], audit: [] });
    expect(ran).toEqual([]);
  });

  test('intent and claim are on the disk before the act, the outcome after it', async () => {
    const { run, dir, ran } = stand();
    const result = await run(checkSaying('critical', 'critical', 'ok', 'ok'));
    expect(result).toMatchObject({ kind: 'resolved', incident: { status: 'resolved', origin: 'real' } });
    const before = ['incident_snapshot', 'remedy_intended', 'incident_snapshot', 'remedy_claimed'];
    expect(ran).toEqual([before]);
    expect(readLogs(dir).audit.map((entry) => entry.action)).toEqual([...before, 'incident_snapshot', 'remedy_ended']);
  });

  test('one bad probe starts the count of passes again', async () => {
    const check = checkSaying('critical', 'critical', 'ok', 'critical', 'ok', 'warning', 'ok', 'unknown', 'ok', 'ok');
    const { run, events } = stand();
    expect(await run(check)).toMatchObject({ kind: 'resolved' });
    const passes = events.flatMap((event) =>
      event.kind === 'probed' && event.purpose === 'verify' ? [event.passes] : [],
    );
    expect(passes).toEqual([1, 0, 1, 0, 1, 0, 1, 2]);
  });

  test('steps that ran well prove nothing: without verification it has failed', async () => {
    const { run, dir } = stand();
    expect(await run(checkSaying('critical'), {}, ['worked'], 0.05)).toMatchObject({
      kind: 'failed',
      incident: {
        status: 'failed',
        success: false,
        resolved_at: null,
        mttr_seconds: null,
        error: 'web did not pass 2 times in a row',
        attempts: [{ outcome: 'failed', verified: false }],
        verification: { status: 'failed' },
      },
    });
    expect(readLogs(dir).audit.at(-1)).toMatchObject({ decision: { outcome: 'failed', verified: false } });
  });

  test.each(['failed', 'timed_out'] as const)('a step that %s ends it; the next one is not run', async (outcome) => {
    const { run, ran } = stand();
    const check = checkSaying('critical', 'critical', 'ok');
    const result = await run(check, {}, ['worked', outcome, 'worked']);
    expect(result).toMatchObject({
      kind: 'failed',
      incident: { error: `step_1: ${outcome}`, attempts: [{ outcome, verified: false }] },
    });
    expect(ran).toHaveLength(2);
    expect(check.asked).toBe(2);
  });

  test('the open incident of the same failure is joined', async () => {
    const { run, ledger, dir, events } = stand();
    const open = newIncident({ incident_id: 'inc_open', target: 'http://t/', failure_mode: 'api_timeout' });
    await ledger.transact(() => ({ incidents: [{ record: open, after: null }], value: undefined }));
    expect(await run(checkSaying('critical', 'critical', 'ok'))).toMatchObject({
      incident: { incident_id: 'inc_open' },
    });
    expect(events).toContainEqual({ kind: 'opened', incident_id: 'inc_open', joined: true });
    expect(new Set(readLogs(dir).incidents.map((incident) => incident.incident_id)).size).toBe(1);
  });

  test.each([
    ['drill', 'real'],
    ['real', 'drill'],
    ['drill', 'simulated'],
  ] as const)('a %s never takes over what is %s', async (origin, other) => {
    const { run, ledger, dir } = stand();
    const open = newIncident({
      incident_id: 'inc_other',
      target: 'http://t/',
      failure_mode: 'api_timeout',
      origin: other,
    });
    await ledger.transact(() => ({ incidents: [{ record: open, after: null }], value: undefined }));
    expect(await run(checkSaying('critical', 'critical', 'ok'), { origin })).toMatchObject({ incident: { origin } });
    const last = readLogs(dir).incidents.filter((incident) => incident.incident_id === 'inc_other');
    expect(last).toMatchObject([{ status: 'detected', origin: other }]);
  });

  test.each([
    ['claimed_by_another', undefined],
    ['outcome_unknown', DEAD_OWNER],
  ] as const)('a claim on the same target refuses: %s', async (reason, owner) => {
    const { run, ledger, ran, dir } = stand();
    const { identityOf } = await import('../../src/core/host/process-identity.js');
    const alive = identityOf(process.ppid);
    const { actor, action, resource, decision, metadata } = claimEntry('x', {
      incident_id: 'inc_x',
      target: 'http://t/',
    });
    const claim = { ...metadata, owner: { ...(owner ?? alive) } as typeof DEAD_OWNER };
    await ledger.transact(() => ({
      entries: [{ actor, action, resource, decision, metadata: claim }],
      value: undefined,
    }));
    expect(await run(checkSaying('critical'))).toMatchObject({ kind: 'refused', reason });
    expect(ran).toEqual([]);
    expect(readLogs(dir).incidents.map((incident) => incident.status)).toEqual(['detected']);
  });

  test('two passes at once over one check act once', async () => {
    const { run, ran, dir } = stand();
    const results = await Promise.all([1, 2, 3].map(() => run(checkSaying('critical', 'critical', 'ok'))));
    expect(ran.length).toBe(results.filter((result) => result.kind === 'resolved').length);
    const { audit } = readLogs(dir);
    const claimed = audit.filter((entry) => entry.action === 'remedy_claimed').map((entry) => entry.resource);
    expect(new Set(claimed).size).toBe(claimed.length);
    expect(claimed).toHaveLength(ran.length);
  });

  describe('interrupted', () => {
    test('before it is confirmed: nothing is written', async () => {
      const { run, dir, stop } = stand();
      stop.abort();
      expect(await run(checkSaying('critical'))).toEqual({ kind: 'interrupted_before_acting', incident: undefined });
      expect(readLogs(dir).incidents).toEqual([]);
    });

    test('before acting: the incident is given up, nothing is claimed', async () => {
      const { run, dir, stop, ran } = stand();
      const check = checkSaying('critical');
      const probe = check.probe.bind(check);
      check.probe = async () => {
        if (check.asked === 1) stop.abort();
        return probe();
      };
      expect(await run(check)).toMatchObject({ kind: 'interrupted_before_acting', incident: { status: 'failed' } });
      expect(ran).toEqual([]);
      expect(readLogs(dir).audit.map((entry) => entry.action)).not.toContain('remedy_claimed');
    });

    test('between two steps: the claim has its end', async () => {
      const { run, dir, stop } = stand();
      const result = await run(checkSaying('critical'), {}, [() => stop.abort(), 'worked']);
      expect(result).toMatchObject({
        kind: 'failed',
        incident: { error: 'interrupted before step_1', attempts: [{ outcome: 'failed' }] },
      });
      expect(readLogs(dir).audit.at(-1)?.action).toBe('remedy_ended');
    });

    test('while verifying: the outcome is unknown', async () => {
      const { run, dir, stop } = stand();
      const result = await run(checkSaying('critical'), {}, [() => stop.abort()]);
      expect(result).toMatchObject({
        kind: 'failed',
        incident: { attempts: [{ outcome: 'unknown', verified: false }] },
      });
      expect(readLogs(dir).audit.at(-1)).toMatchObject({ action: 'remedy_ended', decision: { outcome: 'unknown' } });
    });
  });
});
