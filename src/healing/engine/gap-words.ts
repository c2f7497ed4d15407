import { LOG_FILE } from '../../core/journal/log-files.js';
import type { AuditGap } from '../../core/registry/queries/health.js';

/** Which records are missing and what to do, or `undefined`: a brake or a silence may stand in what nobody can read. */
export function gapWords(missing: readonly AuditGap[]): string | undefined {
  if (missing.length === 0) return undefined;
  const lines = missing.map(({ from, to }) => (from === to ? `line ${from}` : `lines ${from} to ${to}`));
  const isBegin = missing.some(({ from }) => from === 1);
  const mend = isBegin
    ? 'put the file back, or rotate the log, let grace write, and remove the file before'
    : 'put the file back, or remove the older files';
  return `records are missing, ${lines.join(', ')} of ${LOG_FILE.audit}: ${mend}`;
}
