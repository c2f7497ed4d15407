import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { readLines } from '../journal/line-reader.js';
import type { LogName } from '../journal/log-files.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments } from '../journal/segments.js';
import { ACTION } from '../records/audit-actions.js';
import type { AuditDraft } from '../records/audit-entry.js';
import { hashInto } from '../seal/line-leaves.js';

/**
 * The first entry under a seal: which tree this is, by whose key, and what stood in either log before. Those lines are
 * sealed from here on; what was done to them earlier nobody can tell.
 */
export function adoptionEntry(
  dir: string,
  { origin, vkey, replaces }: { origin: string; vkey: string; replaces: string | undefined },
  auditLines: number,
): AuditDraft {
  const audit = digest(dir, 'audit', auditLines);
  const incidents = digest(dir, 'incidents', Number.POSITIVE_INFINITY);
  return {
    actor: 'grace',
    action: ACTION.logAdopted,
    resource: origin,
    decision: {},
    metadata: { origin, vkey, replaces: replaces ?? null, ...audit, incidents },
  };
}

/** Lines, bytes and SHA-256 of the first lines of a log, over all its files. */
function digest(dir: string, log: LogName, most: number) {
  const hash = createHash('sha256');
  let lines = 0;
  let bytes = 0;
  for (const { path, size } of listSegments(dir, log)) {
    const file = openForReading(path);
    if (!file) continue;
    let end = 0;
    const take = (stop: number) => {
      if (lines >= most) return;
      lines++;
      end = stop;
    };
    try {
      readLines(file.fd, 0, size, {
        line: (text, offset) => {
          take(offset + text.length + 1);
          if (end === offset + text.length + 1) hash.update(text).update('\n');
        },
        tooLong: (offset, length) => {
          take(offset + length + 1);
          if (end === offset + length + 1) hashInto(hash, file.fd, offset, length + 1);
        },
      });
    } finally {
      closeSync(file.fd);
    }
    bytes += end;
  }
  return { lines, bytes, sha256: hash.digest('hex') };
}
