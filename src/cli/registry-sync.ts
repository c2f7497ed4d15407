import { EXIT, type ExitCode } from '../core/errors.js';
import { isAlive } from '../core/host/process-identity.js';
import { LOG_FILE, LOG_NAMES } from '../core/journal/log-files.js';
import type { Loss } from '../core/registry/plan.js';
import { type AuditGap, auditGaps } from '../core/registry/queries/health.js';
import type { SyncResult } from '../core/registry/sync.js';
import { positionOf } from '../core/seal/trusted-end.js';
import { counted } from '../evidence/words.js';
import { settle } from '../healing/settle.js';
import type { Context } from './context.js';
import { noteTrouble } from './notes.js';
import { openForLooking, type Reading } from './reading.js';
import type { WritingOptions } from './where.js';
import { openForWriting } from './writing.js';

export interface SyncOptions extends WritingOptions {
  readonly json?: boolean;
}

export async function runSync(ctx: Context, options: SyncOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const { sync } = reading;
  const { losses } = reading.registry.notes;
  const settled = await settleLeftovers(ctx, options, reading);
  const gaps = reading.registry.read(auditGaps);
  await tell(ctx, options, reading, { sync, losses, gaps, settled });
  return exitFor(losses, gaps);
}

export async function runRebuild(ctx: Context, options: SyncOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const { losses } = reading.registry.notes;
  const settled = await settleLeftovers(ctx, options, reading);
  const sync = reading.registry.rebuild('it was asked for');
  const gaps = reading.registry.read(auditGaps);
  await tell(ctx, options, reading, { sync, losses, gaps, settled });
  return exitFor(losses, gaps);
}

interface Settling {
  readonly claims: number;
  readonly incidents: number;
  /** Entries about torn lines, lost bytes and lines of other programs. */
  readonly entries: number;
  /** Lines that no note covered before. */
  readonly signed: number;
}

const NOTHING: Settling = { claims: 0, incidents: 0, entries: 0, signed: 0 };

/** Writes only if there is something to write: a directory that is only read stays as it is. */
async function settleLeftovers(
  ctx: Context,
  where: WritingOptions,
  { dir, registry, sync }: Reading,
): Promise<Settling> {
  const torn = LOG_NAMES.some((log) => sync.logs[log].unterminated > 0 || sync.logs[log].untaken > 0);
  const abandoned = registry.control((view) => view.allOpenClaims().some((claim) => !isAlive(claim.owner)));
  const staged = registry.control((view) => view.openIncidents().some(({ record }) => record.origin === 'drill'));
  const lost = registry.notes.losses.length > 0;
  const before = positionOf(dir);
  const unsigned = before !== undefined && before.sealed < before.audit.lines;
  if (!torn && !abandoned && !staged && !lost && !unsigned) return NOTHING;
  const { ledger } = await openForWriting(ctx, where);
  try {
    const entries = await ledger.recover();
    const { claims, incidents } = await settle(ledger, ctx.clock);
    registry.forgetTemporary();
    registry.sync();
    const signed = (positionOf(dir)?.sealed ?? 0) - (before?.sealed ?? 0);
    return { claims, incidents, entries: entries.length, signed };
  } finally {
    ledger.close();
  }
}

/** A log that lost what it had is no success, though it has been written down. */
function exitFor(losses: readonly Loss[], gaps: readonly AuditGap[]): ExitCode {
  if (gaps.length > 0) return EXIT.auditBroken;
  if (losses.length === 0) return EXIT.done;
  return losses.some((loss) => loss.log === 'audit') ? EXIT.auditBroken : EXIT.badAnswer;
}

interface Outcome {
  readonly sync: SyncResult;
  readonly losses: readonly Loss[];
  readonly gaps: readonly AuditGap[];
  readonly settled: Settling;
}

async function tell(ctx: Context, options: SyncOptions, reading: Reading, outcome: Outcome): Promise<void> {
  const { registry } = reading;
  const { sync, losses, gaps, settled } = outcome;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const { rebuilt = null, kept = null, temporary = null } = registry.notes;
    writeJson(ctx.out, {
      schema: 'grace.sync/1',
      registry: registry.path ?? null,
      logs: sync.logs,
      losses,
      gaps,
      settled,
      rebuilt,
      kept,
      temporary,
    });
  } else {
    for (const log of LOG_NAMES) {
      const { lines, bytes, quarantined, rotated } = sync.logs[log];
      const bad = quarantined > 0 ? `, ${quarantined} quarantined` : '';
      ctx.out.write(
        `${LOG_FILE[log]}: ${counted(lines, 'line')} (${bytes} bytes) read${bad}${rotated ? ', a rotation was followed' : ''}\n`,
      );
    }
    for (const { log, kind, bytes_before, bytes_now } of losses) {
      ctx.out.write(`${LOG_FILE[log]}: ${kind}: of ${bytes_before} bytes that had been read ${bytes_now} are there\n`);
    }
    for (const { from, to } of gaps) {
      ctx.out.write(
        `${LOG_FILE.audit}: lines ${from} to ${to} are missing; none of those before them counts as grace's\n`,
      );
    }
    const { claims, incidents, entries, signed } = settled;
    if (claims + incidents + entries + signed > 0) {
      const what = [
        counted(claims, 'claim without an owner', 'claims without an owner'),
        counted(incidents, 'incident'),
        `${counted(entries, 'entry', 'entries')} about the logs themselves`,
        `${counted(signed, 'line')} signed`,
      ];
      ctx.out.write(`settled: ${what.join(', ')}\n`);
    }
  }
  noteTrouble(ctx, reading);
  registry.close();
}
