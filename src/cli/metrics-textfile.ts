import { closeSync, constants, fchmodSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemErrorSentence } from '../core/errors.js';
import { bootId } from '../core/host/process-identity.js';
import { writeWhole } from '../core/journal/replace-file.js';
import type { Ledger } from '../core/ledger.js';
import { canonicalInstant, formatInstant } from '../core/records/time.js';
import { type MetricSums, metricState, metricSums, recentRecoveries } from '../core/registry/queries/metrics.js';
import type { Registry } from '../core/registry/registry.js';
import { prometheusText } from '../evidence/metrics/exposition.js';
import type { Family } from '../evidence/metrics/family.js';
import { BUCKETS_S, metricFamilies } from '../evidence/metrics/metric-families.js';
import type { Context } from './context.js';
import { notWritten } from './output-file.js';
import { packageVersion } from './version.js';

/** The collector that reads it is seldom of our account. */
const MODE = 0o644;

const WINDOW = { days: 30, incidents: 20_000, recoveries: 10_000 };
const DAY_MS = 86_400_000;

/** What was counted last: most of the time nothing has been read since. */
const counted = new WeakMap<Registry, MetricSums>();

export interface Measured {
  readonly registry: Registry;
  /** When grace last did something, in milliseconds since 1970. */
  readonly lastTick: (last_entry_at: string | null) => number | undefined;
  readonly watch_running: boolean | undefined;
}

/** The metrics of these logs, as far as the registry has read them. */
export function collectMetrics(ctx: Context, { registry, lastTick, watch_running }: Measured): Family[] {
  const now = { boot_id: bootId(), elapsed_s: ctx.clock.elapsed(), ms: ctx.clock.now() };
  const since = formatInstant(now.ms - WINDOW.days * DAY_MS);
  const { incidents, recoveries } = WINDOW;
  // One transaction: another process may fold new lines between two queries.
  const read = registry.read((db) =>
    db.transaction(() => ({
      sums: metricSums(db, BUCKETS_S, counted.get(registry)),
      state: metricState(db),
      recent: recentRecoveries(db, { since: canonicalInstant(since) ?? since, incidents, recoveries }),
    }))(),
  );
  counted.set(registry, read.sums);
  return metricFamilies({
    ...read,
    now,
    last_tick_ms: lastTick(read.state.last_entry_at),
    watch_running,
    version: packageVersion(ctx),
  });
}

/** What the textfile collector of node_exporter is to read, written by the process that watches. */
export function writeTextfile(ctx: Context, writing: { readonly ledger: Ledger }, file: string): void {
  const { registry } = writing.ledger;
  registry.sync({ quick: true });
  const families = collectMetrics(ctx, { registry, lastTick: () => ctx.clock.now(), watch_running: undefined });
  replaceTextfile(ctx, file, prometheusText(families));
}

/**
 * Readers see the old file or the new one, and nobody else's file is touched. Not synced: after a power cut these are old
 * numbers.
 */
export function replaceTextfile({ cwd }: Pick<Context, 'cwd'>, file: string, text: string): void {
  const path = resolve(cwd, file);
  // Always the same name, so that what a killed process has left is found; the collector reads *.prom.
  const aside = `${path}.new`;
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isFile()) throw notWritten(path, 'something that is no regular file is there');
    rmSync(aside, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
    try {
      // Whatever the umask.
      fchmodSync(fd, MODE);
      writeWhole(fd, Buffer.from(text));
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw notWritten(path, sentence, error);
  }
}
