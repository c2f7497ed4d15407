import type { Draft, Ledger } from '../core/ledger.js';
import type { SnapshotDraft } from '../core/ledger-lines.js';
import type { NewIncident } from '../core/records/incident.js';
import { newIncident } from '../core/records/new-incident.js';
import { compactInstant, formatInstant, parseInstant } from '../core/records/time.js';
import type { ControlView } from '../core/registry/queries/control.js';
import type { Report } from './report.js';

/** What became of one report. */
export interface Recorded {
  /** The incident as it stands now. */
  readonly record: NewIncident;
  /** `known`: the same thing had been reported before; nothing was written. */
  readonly result: 'opened' | 'recovered' | 'reopened' | 'known';
}

export interface ReportSetting {
  readonly host: string;
  readonly boot_id: string;
  /** Milliseconds, UTC. */
  readonly now: number;
  readonly newSuffix: () => string;
}

/** Records reports in one act of writing: all of them are on the disk when this returns, or none was acknowledged. */
export async function recordReports(ledger: Ledger, reports: readonly Report[], setting: ReportSetting) {
  const { value } = await ledger.transact((view) => decideReports(view, reports, setting));
  return value;
}

/** No two of the reports may name the same incident: see {@link sameIncident}. */
function decideReports(view: ControlView, reports: readonly Report[], setting: ReportSetting): Draft<Recorded[]> {
  const incidents: SnapshotDraft[] = [];
  const value = reports.map((report): Recorded => {
    const known = report.ref === undefined ? undefined : view.incidentByRef(report.source, report.ref);
    if (!known) {
      const record = openedBy(report, setting);
      incidents.push({ record, after: null });
      return { record, result: 'opened' };
    }
    const before = known.record as NewIncident;
    const result = whatBecomes(before, report);
    if (result === 'known') return { record: before, result };
    const record = result === 'recovered' ? recoveredBy(before, report, setting) : reopenedBy(before, report);
    incidents.push({ record, after: known.hash });
    return { record, result };
  });
  return { incidents, value };
}

/**
 * A report that comes twice says nothing new. One of a recovery ends what is open; one of a failure that began after the
 * recovery is the same failure once more, and says so by its `detected_at`: without it, it may be the first, late.
 */
function whatBecomes(before: NewIncident, report: Report): 'recovered' | 'reopened' | 'known' {
  const isOver = before.status === 'resolved';
  if (report.status === 'resolved') return isOver ? 'known' : 'recovered';
  const began = parseInstant(report.detected_at ?? '');
  const ended = parseInstant(before.resolved_at ?? '');
  return isOver && began !== undefined && ended !== undefined && began > ended ? 'reopened' : 'known';
}

/** What names a report's incident once and for all; `undefined` for one that nothing names. */
export function sameIncident(report: Report): string | undefined {
  return report.ref === undefined ? undefined : JSON.stringify([report.source, report.ref]);
}

function openedBy(report: Report, setting: ReportSetting): NewIncident {
  const detected = parseInstant(report.detected_at ?? report.resolved_at ?? '') ?? setting.now;
  const compact = compactInstant(Math.floor(detected));
  const opened: NewIncident = {
    ...newIncident({
      incident_id: `inc_${compact.slice(0, 8)}_${compact.slice(8, 14)}_${setting.newSuffix()}`,
      detected_at: formatInstant(detected),
      failure_mode: report.failure_mode,
      severity: report.severity,
      metadata: report.metadata,
      host: setting.host,
      boot_id: setting.boot_id,
      origin: report.metadata.simulated === true ? 'simulated' : 'real',
      trigger: { source: report.source, ref: report.ref ?? null },
    }),
    error: report.error ?? null,
    target: report.target ?? null,
    onset_at: report.detected_at === undefined ? null : formatInstant(detected),
  };
  return report.status === 'resolved' ? recoveredBy(opened, report, setting) : opened;
}

/** The same failure again: a new episode of the same incident, with a time to recover of its own. */
function reopenedBy(before: NewIncident, report: Report): NewIncident {
  return {
    ...before,
    status: 'detected',
    resolved_at: null,
    mttr_seconds: null,
    success: false,
    error: report.error ?? null,
    onset_at: formatInstant(parseInstant(report.detected_at ?? '') ?? 0),
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'none',
    relapses: before.relapses + 1,
  };
}

/** Somebody says that it has recovered. grace has not seen it: unverified, and nobody's doing. */
function recoveredBy(before: NewIncident, report: Report, setting: ReportSetting): NewIncident {
  const at = report.resolved_at === undefined ? setting.now : (parseInstant(report.resolved_at) ?? setting.now);
  const began = parseInstant(before.onset_at ?? before.detected_at);
  // Where nobody told when it began there is nothing to measure.
  const measured = began !== undefined && at > began;
  return {
    ...before,
    status: 'resolved',
    resolved_at: formatInstant(at),
    mttr_seconds: measured ? Math.round((at - began) * 1000) / 1e6 : null,
    success: true,
    verification: { status: 'unverified', by: report.source, passes: 0, at: formatInstant(at) },
    resolution: 'unattributed',
  };
}
