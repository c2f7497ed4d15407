import { open } from 'node:fs/promises';
import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { bootId } from '../core/host/process-identity.js';
import { FAILURE_MODES, isFailureMode } from '../core/records/failure-modes.js';
import { shellArguments } from '../core/shell-quoted.js';
import { counted, named } from '../evidence/words.js';
import { type ForeignLine, readForeignLines } from '../trigger/ndjson-lines.js';
import { type Recorded, recordReports, sameIncident } from '../trigger/record-report.js';
import { checkReport, type Report } from '../trigger/report.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { noteRecovered } from './notes.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';
import { openForWriting, type Writing } from './writing.js';

export interface ReportFlags {
  readonly failureMode?: string;
  readonly severity?: string;
  readonly target?: string;
  readonly meta?: readonly string[];
  readonly status?: string;
  readonly source?: string;
  readonly ref?: string;
  readonly from?: string;
}

export type ReportOptions = WhereOptions & ReportFlags & { readonly json?: boolean };

/** Reports written in one act; more would only make the others wait longer for the lock. */
const BATCH = 200;
/** Wrong lines that are told one by one; the rest is counted. */
const MAX_TOLD = 20;

interface Tally {
  opened: number;
  recovered: number;
  reopened: number;
  known: number;
  invalid: number;
  readonly ids: string[];
}

export async function runReport(ctx: Context, options: ReportOptions): Promise<number> {
  if (options.from === undefined) return reportOne(ctx, options);
  return reportStream(ctx, options, options.from);
}

async function reportOne(ctx: Context, options: ReportOptions): Promise<number> {
  const report = reportOfFlags(ctx, options);
  const writing = await openForWriting(ctx, options);
  try {
    const [recorded] = await record(ctx, writing, [report]);
    if (!recorded) throw new Error('a report was neither recorded nor refused');
    await tellOne(ctx, options, recorded);
    noteRecovered(ctx, writing);
    return EXIT.done;
  } finally {
    writing.ledger.close();
  }
}

async function tellOne(ctx: Context, options: ReportOptions, { record, result }: Recorded): Promise<void> {
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.recorded/1', incident_id: record.incident_id, result, action: 'none' });
    return;
  }
  const said = {
    opened: record.status === 'resolved' ? 'opened and already over, unverified' : 'opened',
    recovered: 'recovery noted, unverified',
    reopened: 'opened again: it began after the recovery',
    known: `already recorded as ${record.status}, nothing written`,
  }[result];
  const target = record.target === null ? '' : ` on ${record.target}`;
  const text = `${record.incident_id}: ${record.severity} ${record.failure_mode}${target}, ${said}`;
  ctx.out.write(`RECORDED: ${escapeText(text)} (no action)\n`);
}

async function reportStream(ctx: Context, options: ReportOptions, from: string): Promise<number> {
  const mixed = (['failureMode', 'severity', 'target', 'status', 'ref'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (mixed !== undefined || options.meta?.length) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, 'with --from everything about a report stands in its line', {
      hint: nextCommand(['trigger', 'incident', `--from=${from}`], options),
    });
  }
  const input = await openInput(ctx, from);
  const tally: Tally = { opened: 0, recovered: 0, reopened: 0, known: 0, invalid: 0, ids: [] };
  const writing = await openForWriting(ctx, options);
  try {
    for await (const batch of batches(ctx, readForeignLines(input), options.source, (line, problem) => {
      tally.invalid++;
      if (tally.invalid <= MAX_TOLD) ctx.err.write(`grace: ${escapeText(from)}:${line}: ${escapeText(problem)}\n`);
    })) {
      for (const {
        record: { incident_id },
        result,
      } of await record(ctx, writing, batch)) {
        tally[result]++;
        if (options.json) tally.ids.push(incident_id);
      }
    }
  } catch (error) {
    // What was recorded before it broke off is recorded.
    await tellStream(ctx, options, from, tally);
    throw inputError(from, error);
  } finally {
    writing.ledger.close();
  }
  await tellStream(ctx, options, from, tally);
  noteRecovered(ctx, writing);
  if (tally.invalid === 0) return EXIT.done;
  throw new OperatorError(
    'GRACE_INVALID_REPORTS',
    EXIT.invalidData,
    `${counted(tally.invalid, 'line')} of ${from} ${named(tally.invalid, 'is no report', 'are no reports')}`,
    {
      hint: `${ctx.invocation}   # once they are corrected: what has a ref is not recorded twice`,
    },
  );
}

/** Whole batches of valid reports in which no incident is named twice: the second is decided on what the first wrote. */
async function* batches(
  ctx: Context,
  lines: AsyncIterable<ForeignLine>,
  source: string | undefined,
  onInvalid: (line: number, problem: string) => void,
): AsyncGenerator<Report[]> {
  let batch: Report[] = [];
  let named = new Set<string>();
  for await (const line of lines) {
    const checked = line.ok ? checkReport(withSource(line.value, source), ctx.clock.now()) : line;
    if (!checked.ok) {
      onInvalid(line.line, checked.problem);
      continue;
    }
    const name = sameIncident(checked.report);
    if (batch.length >= BATCH || (name !== undefined && named.has(name))) {
      yield batch;
      batch = [];
      named = new Set();
    }
    batch.push(checked.report);
    if (name !== undefined) named.add(name);
  }
  if (batch.length > 0) yield batch;
}

/** `--source` speaks for every line that names none of its own. */
function withSource(value: unknown, source: string | undefined): unknown {
  if (source === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return { source, ...value };
}

function record(ctx: Context, writing: Writing, reports: readonly Report[]): Promise<Recorded[]> {
  const { host, ledger } = writing;
  return recordReports(ledger, reports, { host, boot_id: bootId(), now: ctx.clock.now(), newSuffix: ctx.newSuffix });
}

async function tellStream(ctx: Context, options: ReportOptions, from: string, tally: Tally): Promise<void> {
  const { opened, recovered, reopened, known, invalid } = tally;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const incident_ids = [...new Set(tally.ids)];
    writeJson(ctx.out, {
      schema: 'grace.recorded_stream/1',
      opened,
      recovered,
      reopened,
      known,
      invalid,
      incident_ids,
      action: 'none',
    });
    return;
  }
  ctx.out.write(
    `RECORDED: ${opened} opened, ${recovered} recoveries noted (unverified), ${reopened} opened again, ${known} already recorded, ${invalid} invalid, from ${escapeText(from)} (no action)\n`,
  );
}

/** Opened before anything is created; a stream that failed to open while nobody listens would end the process. */
async function openInput(ctx: Context, from: string): Promise<AsyncIterable<Buffer | string>> {
  if (from === '-') return ctx.stdin;
  try {
    return (await open(from)).createReadStream();
  } catch (error) {
    throw inputError(from, error);
  }
}

function inputError(from: string, error: unknown): unknown {
  const { path, syscall } = error as NodeJS.ErrnoException;
  const sentence = systemErrorSentence(error);
  if (sentence === undefined || (path !== from && syscall !== 'read')) return error;
  return new OperatorError('GRACE_INPUT_UNREADABLE', EXIT.invalidData, `${from}: ${sentence}`, {
    hint: `ls -l ${shellArguments(from)}`,
    cause: error,
  });
}

function reportOfFlags(ctx: Context, options: ReportOptions): Report {
  const { failureMode = '', severity, target, status, source, ref } = options;
  if (!isFailureMode(failureMode)) {
    throw new OperatorError('GRACE_UNKNOWN_FAILURE_MODE', EXIT.usage, `${failureMode} is not a failure mode`, {
      hint: `--failure-mode ${closest(failureMode, FAILURE_MODES)}   # did you mean ${closest(failureMode, FAILURE_MODES)}?  known: ${FAILURE_MODES.join(', ')}`,
    });
  }
  const given = {
    failure_mode: failureMode,
    severity,
    target,
    status,
    source,
    ref,
    metadata: metadataOf(options.meta ?? []),
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const checked = checkReport(known, ctx.clock.now());
  if (checked.ok) return checked.report;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, checked.problem, { hint: 'grace trigger incident --help' });
}

function metadataOf(pairs: readonly string[]): Record<string, string | boolean> {
  const metadata: Record<string, string | boolean> = Object.create(null);
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new OperatorError('GRACE_USAGE', EXIT.usage, `--meta ${pair} is not key=value`, {
        hint: '--meta region=eu-1',
      });
    }
    const [key, value] = [pair.slice(0, at), pair.slice(at + 1)];
    // The one fact that has a meaning here: staged, not real.
    metadata[key] = key === 'simulated' && /^(true|false)$/.test(value) ? value === 'true' : value;
  }
  return metadata;
}
