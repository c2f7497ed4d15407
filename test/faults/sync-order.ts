import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logPath } from '../../src/core/journal/log-files.js';
import { acksOf, run } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import type { Programs } from './bundle.js';
import { acknowledgedBeforeSynced, type Violation } from './checks.js';

/** Watches the order of writes, syncs and acknowledgements of one appender: what a power cut shows by chance. */
export async function watchSyncs(
  programs: Programs,
  records: number,
): Promise<{ acks: number; violations: Violation[] }> {
  return withScratch(async (scratch) => {
    const dir = join(scratch, 'logs');
    const trace = join(scratch, 'trace');
    const under = ['strace', '-f', '-y', '-qq', '-o', trace, '-e', 'trace=write,fdatasync,fsync'];
    const env = { UV_THREADPOOL_SIZE: '4' };
    const done = await run(programs.append, [dir, 'w', String(records)], { under, env });
    const logs = [logPath(dir, 'incidents'), logPath(dir, 'audit')];
    const violations = acknowledgedBeforeSynced(readFileSync(trace, 'utf8').split('\n'), logs);
    return { acks: acksOf(done.said).length, violations };
  });
}
