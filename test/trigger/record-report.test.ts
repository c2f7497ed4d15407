import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/core/ledger.js';
import { readIncident } from '../../src/core/records/incident.js';
import type { JsonObject } from '../../src/core/records/json.js';
import { recordReports, sameIncident } from '../../src/trigger/record-report.js';
import { checkReport, type Report } from '../../src/trigger/report.js';
import { readLogs } from '../support/cli.js';
import { openLedger } from '../support/registry.js';
import { tempDir } from '../support/temp-dir.js';

const NOW = Date.parse('2026-11-23T10:00:00.123Z');
let suffix = 0;
const setting = { host: 'h', boot_id: 'b', now: NOW, newSuffix: () => `s${suffix++}` };

function report(change: Record<string, unknown> = {}): Report {
  const checked = checkReport({ failure_mode: 'disk_full', ...change }, NOW);
  if (!checked.ok) throw new Error(checked.problem);
  return checked.report;
}

const record = (ledger: Ledger, ...reports: Report[]) => recordReports(ledger, reports, setting);

describe('recordReports', () => {
  test('a whole list in one act, each line a record that is read back', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const results = await record(ledger, report({ ref: 'a' }), report(), report({ ref: 'b', status: 'resolved' }));
    expect(results.map((one) => one.result)).toEqual(['opened', 'opened', 'opened']);
    const { incidents, audit } = readLogs(dir);
    expect(incidents.map((one) => one.incident_id)).toEqual(results.map((one) => one.record.incident_id));
    for (const one of incidents) expect(readIncident(one as unknown as JsonObject)).toMatchObject({ ok: true });
    expect(new Set(audit.map((entry) => entry.timestamp)).size).toBe(1);
  });

  test('time to recover is measured from what was reported, never below zero', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const began = '2026-11-23T09:00:00Z';
    await record(
      ledger,
      report({ ref: 'a', status: 'resolved', detected_at: began, resolved_at: '2026-11-23T09:01:18.5Z' }),
      report({ ref: 'b', status: 'resolved', resolved_at: began }),
      report({ ref: 'c', detected_at: began }),
      report({ ref: 'd' }),
    );
    await record(ledger, report({ ref: 'c', status: 'resolved' }));
    await record(ledger, report({ ref: 'd', status: 'resolved', resolved_at: began }));
    const last = new Map(readLogs(dir).incidents.map((one) => [one.trigger.ref, one]));
    expect(last.get('a')).toMatchObject({ mttr_seconds: 78.5, onset_at: '2026-11-23T09:00:00.000Z' });
    expect(last.get('b')).toMatchObject({ mttr_seconds: null, onset_at: null, status: 'resolved' });
    expect(last.get('c')).toMatchObject({ mttr_seconds: 3600.123, detected_at: '2026-11-23T09:00:00.000Z' });
    expect(last.get('d')).toMatchObject({ mttr_seconds: null, status: 'resolved' });
    for (const one of last.values()) expect(one.verification.status).toBe('unverified');
  });

  test('what says that it is simulated is no real incident', async () => {
    const dir = tempDir();
    await record(
      openLedger(dir),
      report({ metadata: { simulated: true } }),
      report({ metadata: { simulated: false } }),
    );
    expect(readLogs(dir).incidents.map((one) => one.origin)).toEqual(['simulated', 'real']);
  });

  test('sixteen acts at once with one ref: one incident', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const all = await Promise.all(Array.from({ length: 16 }, () => record(ledger, report({ ref: 'same' }))));
    expect(all.flat().filter((one) => one.result === 'opened')).toHaveLength(1);
    expect(readLogs(dir).incidents).toHaveLength(1);
  });

  test('a ref belongs to its source, and no text can pass for another pair', () => {
    expect(sameIncident(report())).toBeUndefined();
    expect(sameIncident(report({ ref: 'a', source: 'b' }))).not.toBe(sameIncident(report({ ref: 'b', source: 'a' })));
    expect(sameIncident(report({ source: 'a","b', ref: 'c' }))).not.toBe(
      sameIncident(report({ source: 'a', ref: 'b","c' })),
    );
  });
});
