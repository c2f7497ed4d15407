import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE, logPath } from '../../src/core/journal/log-files.js';
import { listSegments } from '../../src/core/journal/segments.js';
import { SIDECAR_FILE, sidecarPath } from '../../src/core/seal/sidecar.js';
import { look } from '../support/fault-evidence.js';
import { acksOf, run } from '../support/fault-run.js';
import { withScratch } from '../support/fault-scratch.js';
import type { Programs } from './bundle.js';
import { unclearFailure, type Violation } from './checks.js';
import { type TracedFile, type TracedFiles, wrongSyncs } from './sync-trace.js';

export interface Watch {
  /** Each of the two programs appends so many. */
  readonly records: number;
  /** At work on so many at once. */
  readonly atOnce?: number;
  /** Puts the log directory into the state in which the programs find it. */
  readonly prepare?: (dir: string) => Promise<void>;
}

/** Two of them, one traced as well as the other. */
const BOTH = '"$1" "$2" "$3" a "$4" 0 "$5" & "$1" "$2" "$3" b "$4" 0 "$5" & wait';

/** Watches the order of writes, syncs, notes and acknowledgements of two appenders: what a power cut shows by chance. */
export async function watchSyncs(
  programs: Programs,
  { records, atOnce = 1, prepare }: Watch,
): Promise<{ acks: number; violations: Violation[] }> {
  return withScratch(async (scratch) => {
    const dir = join(scratch, 'logs');
    await prepare?.(dir);
    const files = filesToTrace(dir);
    const trace = join(scratch, 'trace');
    const strace = ['strace', '-f', '-y', '-qq', '-s', '1000000', '-o', trace, '-e', 'trace=write,fdatasync,fsync'];
    const under = [...strace, 'sh', '-c', BOTH, 'sh'];
    const env = { UV_THREADPOOL_SIZE: '4' };
    const done = await run(programs.append, [dir, String(records), String(atOnce)], { under, env });
    const violations = wrongSyncs(readFileSync(trace, 'utf8').split('\n'), files);
    return { acks: acksOf(done.said).length, violations: [...unclearFailure(done), ...violations] };
  });
}

/** What a note covers is on the disk; of the rest nobody knows: whoever wrote it may have been killed before its sync. */
function filesToTrace(dir: string): TracedFiles {
  const { logs, seal } = look(dir);
  const sealed = seal?.position?.sealed ?? 0;
  const segments = logs.audit.length > 0 ? listSegments(dir, 'audit') : [];
  const paths = segments.map(({ path }) => path);
  if (paths.at(-1) !== logPath(dir, 'audit')) paths.push(logPath(dir, 'audit'));
  let first = 0;
  const audit = paths.map((path, i): TracedFile => {
    const lines = (logs.audit[i] ?? Buffer.alloc(0)).toString('latin1').split('\n').length - 1;
    first += lines;
    return { path, first: first - lines, lines, synced: Math.max(0, Math.min(lines, sealed - first + lines)) };
  });
  const incidents = join(dir, LOG_FILE.incidents);
  return { audit, incidents, checkpoints: sidecarPath(dir, SIDECAR_FILE.checkpoints) };
}
