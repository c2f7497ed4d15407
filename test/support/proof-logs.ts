import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CliRun, grace } from './cli.js';
import { line, oldAudit, oldIncident } from './records.js';
import { tempDir } from './temp-dir.js';

/** Lines as the old system left them: entries, a blank line, one that is no JSON; each of its own. */
export function oldLine(i: number): string {
  if (i === 3) return '\n';
  if (i === 4) return 'no entry\n';
  return line(oldAudit({ entry_id: `log_${(i % 7) + 1}_old`, resource: `r${i}` }));
}

/** Logs of the old system, with so many audit lines and one incident. */
export function oldLogs(lines: number, at = tempDir()): string {
  const logs = join(at, 'logs');
  mkdirSync(logs, { mode: 0o750 });
  const text = Array.from({ length: lines }, (_, i) => oldLine(i + 1)).join('');
  writeFileSync(join(logs, 'immutable_audit.jsonl'), text, { mode: 0o640 });
  writeFileSync(join(logs, 'incidents.jsonl'), line(oldIncident({ incident_id: 'inc_old' })), { mode: 0o640 });
  return logs;
}

/** Records one more incident with the real program; answers its id. */
export async function report(logs: string, ref: string): Promise<string> {
  const words = ['trigger', 'incident', '--failure-mode', 'disk_full', '--ref', ref, '--json', '--logs', logs];
  const run = await grace(words);
  if (run.code !== 0) throw new Error(run.stderr);
  return (JSON.parse(run.stdout) as { incident_id: string }).incident_id;
}

export interface SealedLogs {
  readonly logs: string;
  /** Incidents that were recorded since the seal, in order. */
  readonly incidents: readonly string[];
}

/** Logs that the real program sealed, after so many lines of the old system. Each incident makes one more line. */
export async function sealedLogs(oldLines = 0, incidents = 1, at = tempDir()): Promise<SealedLogs> {
  const logs = oldLines > 0 ? oldLogs(oldLines, at) : join(at, 'logs');
  const ids: string[] = [];
  for (let i = 0; i < incidents; i++) ids.push(await report(logs, `ref-${i}`));
  return { logs, incidents: ids };
}

/** The same logs in another directory, with their seal; the key is where it was. */
export function copyOf(logs: string): string {
  const copy = join(tempDir(), 'copy');
  cpSync(logs, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Changes one bit of a file. */
export function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  const from = at < 0 ? bytes.length + at : at;
  bytes[from] = (bytes[from] ?? 0) ^ 0x01;
  writeFileSync(path, bytes);
}

/** Where a text stands in a file. */
export function placeOf(path: string, text: string): number {
  const at = readFileSync(path).indexOf(text);
  if (at === -1) throw new Error(`${text} is not in ${path}`);
  return at;
}

/** The code in brackets on stderr. */
export function codeOf(run: Pick<CliRun, 'stderr'>): string | undefined {
  return /\[(GRACE_[A-Z_]+)\]/.exec(run.stderr)?.[1];
}

export function newestNote(logs: string): string {
  return readFileSync(join(logs, 'immutable_audit.tlog/checkpoint'), 'utf8');
}
