import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ownIdentity } from '../../src/core/host/process-identity.js';
import type { Json } from '../../src/core/records/json.js';
import { settle } from '../../src/healing/settle.js';
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
    expect(await settle(openLedger(dir))).toEqual({ claims: 0, incidents: 0 });
    expect(readLogs(dir)).toEqual(before);
  });

  test('the claim of a process that is gone: unknown, and its incident fails; a second time there is nothing', async () => {
    const dir = logs([acting], [claimEntry('log_1')]);
    const ledger = openLedger(dir);
    expect(await settle(ledger)).toEqual({ claims: 1, incidents: 1 });
    const { incidents, audit } = readLogs(dir);
    expect(incidents.at(-1)).toMatchObject({
      status: 'failed',
      success: false,
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
    expect(await settle(ledger)).toEqual({ claims: 0, incidents: 0 });
    expect(readLogs(dir)).toEqual({ incidents, audit });
  });

  test('a claim whose incident is already closed, or was never there, is ended all the same', async () => {
    const dir = logs(
      [newIncident({ status: 'failed' })],
      [claimEntry('log_1'), claimEntry('log_2', { incident_id: 'none' })],
    );
    expect(await settle(openLedger(dir))).toEqual({ claims: 2, incidents: 0 });
  });

  test('an ended claim and one of a living process are left alone', async () => {
    const alive = newAudit({
      entry_id: 'log_3',
      action: 'remedy_claimed',
      metadata: { incident_id: 'inc_new', target: 't', playbook_id: 'p', owner: { ...ownIdentity() } },
    });
    const dir = logs([acting], [claimEntry('log_1'), claimEnd('log_1'), alive]);
    expect(await settle(openLedger(dir))).toEqual({ claims: 0, incidents: 0 });
  });

  test('a pid that came round again is another process', async () => {
    const again = { ...ownIdentity(), start_time: 1 };
    const dir = logs([staged(again)]);
    expect(await settle(openLedger(dir))).toEqual({ claims: 0, incidents: 1 });
  });

  test('a drill whose process is gone fails; one that runs, and a real incident, stay open', async () => {
    expect(await settle(openLedger(logs([staged(DEAD_OWNER)])))).toEqual({ claims: 0, incidents: 1 });
    expect(await settle(openLedger(logs([staged(ownIdentity())])))).toEqual({ claims: 0, incidents: 0 });
    const real = { ...staged(DEAD_OWNER), origin: 'real' };
    expect(await settle(openLedger(logs([real])))).toEqual({ claims: 0, incidents: 0 });
    const nonsense = newIncident({ origin: 'drill', metadata: { staged_by: 'me' } });
    expect(await settle(openLedger(logs([nonsense])))).toEqual({ claims: 0, incidents: 0 });
  });

  test('an incident as the old system wrote it', async () => {
    const old = oldIncident({ status: 'remediating' });
    const dir = logs([old], [claimEntry('log_1', { incident_id: old.incident_id })]);
    expect(await settle(openLedger(dir))).toEqual({ claims: 1, incidents: 1 });
    expect(readLogs(dir).incidents.at(-1)).toMatchObject({
      status: 'failed',
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
    expect(await settle(openLedger(logs([staged(owner)])))).toEqual({ claims: 0, incidents: 1 });
  });
});
