import type { LogName } from '../core/journal/log-files.js';
import type { Loss } from '../core/registry/plan.js';
import type { NotedLoss } from '../core/registry/queries/evidence-records.js';
import { type Claim, type Excluded, excluding } from './claim.js';
import { count, counted, named, sum } from './words.js';

export interface BadLine {
  readonly file: string;
  /** Byte offset in that file. */
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
}

export interface LogState {
  readonly log: LogName;
  /** Ended lines that were read, the quarantined ones too. */
  readonly lines: number;
  readonly quarantined: number;
  /** The first of them. */
  readonly first_quarantined: readonly BadLine[];
  /** Bytes after the last LF. */
  readonly unterminated_bytes: number;
}

/** What of the logs could be read. */
export interface RecordState {
  readonly logs: readonly LogState[];
  /** Bytes that are gone and of which no audit entry tells yet. */
  readonly losses: readonly Loss[];
  /** Losses that the audit log tells of. */
  readonly noted_losses: readonly NotedLoss[];
  /** Incident lines that the audit log vouches for and that are not there, or are others. */
  readonly dangling: number;
  /** Incident lines in grace's form for which nobody vouches. */
  readonly unbound: number;
  /** The audit log says that it was sealed, and what sealed it is not there. */
  readonly seal_gone: boolean;
}

export interface RecordSums {
  readonly lines: number;
  readonly quarantined: number;
  readonly unterminated_bytes: number;
  readonly unbound: number;
  readonly losses: number;
}

export function recordSums({ logs, losses, noted_losses, dangling, unbound, seal_gone }: RecordState): RecordSums {
  return {
    lines: sum(logs, (log) => log.lines),
    quarantined: sum(logs, (log) => log.quarantined),
    unterminated_bytes: sum(logs, (log) => log.unterminated_bytes),
    unbound,
    losses: losses.length + noted_losses.length + (dangling > 0 ? 1 : 0) + (seal_gone ? 1 : 0),
  };
}

/** What a claim has to leave out because it could not be read. */
export function unreadable({ quarantined, unterminated_bytes, unbound }: RecordSums): Excluded[] {
  return excluding(
    {
      id: 'quarantined',
      what: named(quarantined, 'quarantined line'),
      n: quarantined,
      why: 'not readable as records',
    },
    {
      id: 'unterminated',
      what: named(unterminated_bytes, 'unterminated byte'),
      n: unterminated_bytes,
      why: 'after the last line end: a record being written, or a torn one',
    },
    {
      id: 'unbound',
      what: named(unbound, 'incident line'),
      n: unbound,
      why: 'no audit entry vouches for it: another program wrote it, or a writer that was killed',
    },
  );
}

/** Is everything that was ever in the logs still there, and could it be read? */
export function integrityClaim(state: RecordState): Claim {
  const sums = recordSums(state);
  const { lines, quarantined, unterminated_bytes, unbound, losses } = sums;
  const broken = [
    ...(losses > 0 ? [counted(losses, 'loss', 'losses')] : []),
    ...(quarantined > 0 ? [`${counted(quarantined, 'line')} quarantined`] : []),
    ...(unterminated_bytes > 0 ? [`${counted(unterminated_bytes, 'byte')} without a line end`] : []),
    ...(unbound > 0 ? [`${counted(unbound, 'incident line')} that nobody vouches for`] : []),
  ];
  const said = broken.length > 0 ? broken.join(', ') : 'none quarantined, nothing lost';
  return {
    id: 'record_integrity',
    verdict: losses > 0 ? 'FAIL' : broken.length > 0 ? 'PARTIAL' : 'PASS',
    headline: `records: ${counted(lines, 'line')} read, ${said}`,
    n: lines,
    numbers: { ...sums },
    excluded: unreadable(sums),
    reasons: [
      ...(state.dangling > 0
        ? [`the audit log vouches for ${counted(state.dangling, 'incident line')} that are altered or not there`]
        : []),
      ...(state.seal_gone ? ['the audit log says that it was sealed, and its seal is gone: grace evidence audit'] : []),
      ...state.losses.map((loss) => `${loss.log} log ${lossWords(loss)}; not yet noted in the audit log`),
      ...state.noted_losses.map(({ at, resource }) => `the audit log notes a loss in ${resource} at ${at}`),
    ],
  };
}

function lossWords({ kind, bytes_before, bytes_now }: Loss): string {
  const was = `${counted(bytes_before, 'byte')} had been read`;
  switch (kind) {
    case 'removed':
      return `lost a file: ${was} from it`;
    case 'shrunk':
      return `became shorter: ${was}, ${count(bytes_now)} are there`;
    case 'rewritten':
      return `was rewritten: ${was}, which are not what they were`;
  }
}
