import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import { ownIdentity } from '../../src/core/host/process-identity.js';
import type { Json } from '../../src/core/records/json.js';
import { endMarked, markedProcesses } from '../../src/healing/child/marked-processes.js';
import { endedSteps, isActFile, noteEndedSteps } from '../../src/healing/ended-steps.js';
import { markerOf } from '../../src/healing/engine/act.js';
import { giveUpDrill, settle } from '../../src/healing/settle.js';
import { readLogs } from '../support/cli.js';
import {
  claimEnd,
  claimEntry,
  DEAD_OWNER,
  line,
  newAudit,
  newIncident,
  oldIncident,
  writeBound,
} from '../support/records.js';
import { openLedger } from '../support/registry.js';
import { tempDir } from '../support/temp-dir.js';

function logs(incidents: readonly object[], audit: readonly object[] = []): string {
  const dir = tempDir();
  writeBound(dir, incidents);
  appendFileSync(join(dir, 'immutable_audit.jsonl'), audit.map(line).join(''));
  return dir;
}

const staged = (owner: object) =>
  newIncident({ origin: 'drill', metadata: { staged_by: { ...owner } as unknown as Json } });
const acting = newIncident({ status: 'remediating' });

describe('settle', () => {
  test('nothing to do writes nothing', async () => {
    const dir = logs([newIncident(), newIncident({ incident_id: 'done', status: 'resolved' })]);
    const before = readLogs(dir);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 0, incidents: 0, ended: 0 });
    expect(readLogs(dir)).toEqual(before);
  });

  test('the claim of a process that is gone: unknown, and its incident goes on; a second time there is nothing', async () => {
    const dir = logs([acting], [claimEntry('log_1')]);
    const ledger = openLedger(dir);
    expect(await settle(ledger, systemClock)).toEqual({ claims: 1, incidents: 1, ended: 0 });
    const { incidents, audit } = readLogs(dir);
    expect(incidents.at(-1)).toMatchObject({
      status: 'detected',
      success: false,
      resolution: 'none',
      error: 'the process that was healing it ended; whether the remedy ran is unknown',
      attempts: [{ claim: 'log_1', outcome: 'unknown', verified: false, steps: [], duration_s: null }],
    });
    expect(audit.map((entry) => entry.action)).toEqual([
      'incident_snapshot',
      'remedy_claimed',
      'incident_snapshot',
      'remedy_ended',
    ]);
    expect(audit.at(-1)).toMatchObject({
      decision: { outcome: 'unknown', verified: false },
      metadata: { claim: 'log_1' },
    });
    expect(await settle(ledger, systemClock)).toEqual({ claims: 0, incidents: 0, ended: 0 });
    expect(readLogs(dir)).toEqual({ incidents, audit });
  });

  test('a claim whose incident is already closed, or was never there, is ended all the same', async () => {
    const dir = logs(
      [newIncident({ status: 'failed' })],
      [claimEntry('log_1'), claimEntry('log_2', { incident_id: 'none' })],
    );
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 2, incidents: 0, ended: 0 });
  });

  test('an ended claim and one of a living process are left alone', async () => {
    const alive = newAudit({
      entry_id: 'log_3',
      action: 'remedy_claimed',
      metadata: { incident_id: 'inc_new', target: 't', playbook_id: 'p', owner: { ...ownIdentity() } },
    });
    const dir = logs([acting], [claimEntry('log_1'), claimEnd('log_1'), alive]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 0, incidents: 0, ended: 0 });
  });

  test('a pid that came round again is another process', async () => {
    const again = { ...ownIdentity(), start_time: 1 };
    const dir = logs([staged(again)]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 0, incidents: 1, ended: 0 });
  });

  test('a drill whose process is gone fails; one that runs, and a real incident, stay open', async () => {
    expect(await settle(openLedger(logs([staged(DEAD_OWNER)])), systemClock)).toEqual({
      claims: 0,
      incidents: 1,
      ended: 0,
    });
    expect(await settle(openLedger(logs([staged(ownIdentity())])), systemClock)).toEqual({
      claims: 0,
      incidents: 0,
      ended: 0,
    });
    const real = { ...staged(DEAD_OWNER), origin: 'real' };
    expect(await settle(openLedger(logs([real])), systemClock)).toEqual({ claims: 0, incidents: 0, ended: 0 });
    const nonsense = newIncident({ origin: 'drill', metadata: { staged_by: 'me' } });
    expect(await settle(openLedger(logs([nonsense])), systemClock)).toEqual({ claims: 0, incidents: 0, ended: 0 });
  });

  test('an incident as the old system wrote it', async () => {
    const old = oldIncident({ status: 'remediating' });
    const dir = logs([old], [claimEntry('log_1', { incident_id: old.incident_id })]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 1, incidents: 1, ended: 0 });
    expect(readLogs(dir).incidents.at(-1)).toMatchObject({
      status: 'detected',
      attempts: [{ outcome: 'unknown' }],
      attempts_dropped: 0,
    });
  });

  test('a zombie has ended', async () => {
    // Its parent lives and never waits for it.
    const script =
      'import os,time\np=os.fork()\nif p==0: os._exit(0)\ntime.sleep(.1)\nprint(p, flush=True)\ntime.sleep(60)';
    const parent = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    expect(stat[0]).toBe('Z');
    const owner = { ...ownIdentity(), pid, start_time: Number(stat[19]) };
    expect(await settle(openLedger(logs([staged(owner)])), systemClock)).toEqual({ claims: 0, incidents: 1, ended: 0 });
  });

  test('a drill that was being healed fails: the fault that was staged ended with it', async () => {
    const dir = logs([{ ...acting, origin: 'drill' }], [claimEntry('log_1')]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 1, incidents: 1, ended: 0 });
    expect(readLogs(dir).incidents.at(-1)).toMatchObject({ status: 'failed', attempts: [{ outcome: 'unknown' }] });
  });

  test('an owner that came as far as writing down how it went: so it stands in the end of the claim', async () => {
    const attempt = {
      ...{ playbook_id: 'p', claim: 'log_1', steps: [], started_at: '2026-11-23T00:18:47.123Z' },
      ...{ duration_s: 1, outcome: 'worked' as const, verified: true },
    };
    const dir = logs([newIncident({ status: 'resolved', attempts: [attempt] })], [claimEntry('log_1')]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 1, incidents: 0, ended: 0 });
    expect(readLogs(dir).audit.at(-1)).toMatchObject({ decision: { outcome: 'worked', verified: true } });
  });

  test('two at once settle once', async () => {
    const dir = logs([acting], [claimEntry('log_1')]);
    const both = await Promise.all([settle(openLedger(dir), systemClock), settle(openLedger(dir), systemClock)]);
    expect(both.map(({ claims }) => claims).sort()).toEqual([0, 1]);
    expect(readLogs(dir).audit.filter(({ action }) => action === 'remedy_ended')).toHaveLength(1);
  });
});

describe('what a remedy has started and left', () => {
  /** Started by a process that is gone; a child of its own is in another session. */
  async function leftovers(claim: string, step = 1): Promise<string> {
    const marker = markerOf('inc_new', claim, step);
    const script = 'setsid sleep 300 & echo started; exec sleep 300';
    const child = spawn('/bin/sh', ['-c', script], {
      env: { PATH: process.env.PATH, GRACE_ACT: marker },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    onTestFinished(async () => {
      await endMarked(marker, systemClock);
    });
    await once(child.stdout, 'data');
    // The one in another session, and the shell that has become a sleep.
    await until(() => markedProcesses(marker).length === 2);
    return marker;
  }

  async function until(what: () => boolean): Promise<void> {
    const deadline = performance.now() + 4000;
    while (!what()) {
      if (performance.now() > deadline) throw new Error('it did not come to be');
      await delay(5);
    }
  }

  /** Of this boot, and gone. */
  const goneOwner = { ...ownIdentity(), start_time: 1 };
  const claimOf = (claim: string, owner: object) => {
    const entry = claimEntry(claim);
    return { ...entry, metadata: { ...entry.metadata, owner: { ...owner } } };
  };

  test('is ended, before its claim is', async () => {
    const [mine, other] = [await leftovers('log_1'), await leftovers('log_2')];
    const dir = logs([acting], [claimOf('log_1', goneOwner)]);
    expect(await settle(openLedger(dir), systemClock)).toEqual({ claims: 1, incidents: 1, ended: 2 });
    expect(markedProcesses(mine)).toEqual([]);
    expect(markedProcesses(other)).toHaveLength(2);
  });

  test('by a step that had come to its end it is left alone; by the one under way it is ended', async () => {
    const [first, second, tenth] = [
      await leftovers('log_1'),
      await leftovers('log_1', 2),
      await leftovers('log_1', 10),
    ];
    const dir = logs([acting], [claimOf('log_1', goneOwner)]);
    for (const step of [1, 2]) noteEndedSteps(dir, 'log_1', step);
    expect(await settle(openLedger(dir), systemClock)).toMatchObject({ claims: 1, ended: 2 });
    expect([first, second, tenth].map((marker) => markedProcesses(marker).length)).toEqual([2, 2, 0]);
    expect(readdirSync(dir).filter(isActFile)).toEqual([]);
  });

  test('two that settle at once leave it alone, too', async () => {
    const marker = await leftovers('log_1');
    const dir = logs([acting], [claimOf('log_1', goneOwner)]);
    noteEndedSteps(dir, 'log_1', 1);
    await Promise.all([1, 2, 3].map(() => settle(openLedger(dir), systemClock)));
    expect(markedProcesses(marker)).toHaveLength(2);
  });

  test('where it is not known which steps had ended, all is ended', async () => {
    const [first, second] = [await leftovers('log_1'), await leftovers('log_1', 2)];
    const dir = logs([acting], [claimOf('log_1', goneOwner)]);
    writeFileSync(join(dir, '.act-log_1'), 'many\n');
    expect(await settle(openLedger(dir), systemClock)).toMatchObject({ claims: 1, ended: 4 });
    expect([first, second].flatMap(markedProcesses)).toEqual([]);
  });

  test('what is noted of an act whose process lives stays; of one without a claim it goes', async () => {
    const dir = logs([acting], [claimOf('log_1', ownIdentity())]);
    for (const claim of ['log_1', 'log_7']) noteEndedSteps(dir, claim, 3);
    await settle(openLedger(dir), systemClock);
    expect(endedSteps(dir)).toEqual(new Map([['log_1', 3]]));
  });

  test('of a living process, of an ended claim and of another boot it is left alone', async () => {
    const marker = await leftovers('log_1');
    const boot = { ...goneOwner, boot_id: 'another-boot' };
    for (const audit of [
      [claimOf('log_1', ownIdentity())],
      [claimOf('log_1', goneOwner), claimEnd('log_1')],
      [claimOf('log_1', boot)],
    ]) {
      expect(await settle(openLedger(logs([acting], audit)), systemClock)).toMatchObject({ ended: 0 });
    }
    expect(markedProcesses(marker)).toHaveLength(2);
  });
});

describe('giving up a drill', () => {
  test('an open one fails, with what is known of why', async () => {
    const dir = logs([newIncident({ origin: 'drill', error: 'p did not help' })]);
    expect(await giveUpDrill(openLedger(dir), 'inc_new')).toMatchObject({ status: 'failed', error: 'p did not help' });
    const without = logs([newIncident({ origin: 'drill', status: 'remediating' })]);
    expect(await giveUpDrill(openLedger(without), 'inc_new')).toMatchObject({
      error: 'the drill ended before its fault was healed',
    });
  });

  test('one that has ended, or that is not there, is left alone', async () => {
    for (const status of ['resolved', 'failed'] as const) {
      const dir = logs([newIncident({ origin: 'drill', status })]);
      const before = readLogs(dir);
      expect(await giveUpDrill(openLedger(dir), 'inc_new')).toBeUndefined();
      expect(await giveUpDrill(openLedger(dir), 'inc_none')).toBeUndefined();
      expect(readLogs(dir)).toEqual(before);
    }
  });
});
