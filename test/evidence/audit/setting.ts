import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExamineOptions, examine } from '../../../src/evidence/audit/examine.js';
import { type AuditReport, auditReport } from '../../../src/evidence/audit/report.js';
import { auditDraft, newIncident } from '../../support/records.js';
import { LOG_FILE } from '../../support/registry.js';
import { openSealed, sealedDir } from '../../support/sealed.js';

/** Verifies as `grace evidence audit` does, in this process. */
export async function audited(dir: string, change: Partial<ExamineOptions> = {}): Promise<AuditReport> {
  const facts = await examine({
    ...{ dir, keys: [], against: [], witnessKeys: [], full: false, before: undefined, hasKey: true },
    workerProgram: '/nowhere/leaf-worker.js',
    onProgress: () => undefined,
    ...change,
  });
  return auditReport(facts);
}

/** A sealed log of exactly so many lines: the adoption, one incident with its binding, and plain entries. */
export async function sealedLog(lines: number): Promise<string> {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  await ledger.transact(() => ({
    incidents: [{ record: newIncident(), after: null }],
    entries: Array.from({ length: lines - 2 }, (_, i) => auditDraft({ resource: `${i}`, metadata: {} })),
    value: 0,
  }));
  ledger.close();
  return dir;
}

export function copyOf(dir: string): string {
  const copy = sealedDir();
  cpSync(dir, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

export const auditPath = (dir: string) => join(dir, LOG_FILE.audit);
export const incidentsPath = (dir: string) => join(dir, LOG_FILE.incidents);

/** With their LF. */
export function linesOf(dir: string): Buffer[] {
  const bytes = readFileSync(auditPath(dir));
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at) + 1;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}
