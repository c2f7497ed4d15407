import { statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../core/errors.js';
import { formatInstant } from '../core/records/time.js';
import { openMetricsText, prometheusText } from '../evidence/metrics/exposition.js';
import type { Family } from '../evidence/metrics/family.js';
import { newestTick } from '../evidence/metrics/metric-families.js';
import { PROBES_FILE } from '../healing/probe-store.js';
import type { Context } from './context.js';
import { collectMetrics, replaceTextfile } from './metrics-textfile.js';
import { noteTrouble } from './notes.js';
import { openForLooking } from './reading.js';
import { isWatched } from './watch-lock.js';
import type { WhereOptions } from './where.js';

export type MetricsOptions = WhereOptions & { readonly json?: boolean; readonly textfile?: string };

/** OpenMetrics on standard output, or a file for the textfile collector. */
export async function runRegistryMetrics(ctx: Context, options: MetricsOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const { dir, registry } = reading;
  const families = collectMetrics(ctx, {
    registry,
    lastTick: (at) => newestTick(at, ...lastProbes(dir)),
    watch_running: isWatched(dir),
  });
  if (options.textfile !== undefined) replaceTextfile(ctx, options.textfile, prometheusText(families));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, metricsJson(families, formatInstant(ctx.clock.now())));
  } else if (options.textfile === undefined) ctx.out.write(openMetricsText(families));
  noteTrouble(ctx, reading);
  registry.close();
  return EXIT.done;
}

function metricsJson(families: readonly Family[], generated_at: string): object {
  return {
    schema: 'grace.metrics/1',
    generated_at,
    metrics: families.map(({ name, type, unit = null, help, samples }) => ({
      ...{ name, type, unit, help },
      samples: samples.map(({ suffix, labels, value }) => ({ name: `${name}${suffix}`, labels, value })),
    })),
  };
}

/** Most of what grace does on a host that is well is to look: the logs do not tell of it, and this file's time does. */
function lastProbes(dir: string): number[] {
  return ['', '-wal'].flatMap((end) => {
    const stat = statSync(join(dir, `${PROBES_FILE}${end}`), { throwIfNoEntry: false });
    return stat ? [stat.mtimeMs] : [];
  });
}
