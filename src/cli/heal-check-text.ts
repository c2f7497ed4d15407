import type { Probe, ProbeStatus } from '../healing/check.js';
import type { Standing } from '../healing/standing.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import { writeFields } from './output/fields.js';
import { renderTable } from './output/table.js';
import { formatSeconds } from './output/time.js';
import { figureWords, pluginFigure } from './perf-text.js';

export interface Probed {
  readonly check: { readonly name: string };
  readonly probe: Probe;
  readonly standing: Standing;
}

/** The first line is what a monitoring system shows: the verdict, and after a bar the figures. */
export async function showProbed(ctx: Context, worst: ProbeStatus, probed: readonly Probed[]): Promise<void> {
  const figures = probed.flatMap(({ check, probe }) =>
    (probe.perfdata ?? []).map((one) => pluginFigure(check.name, one)),
  );
  const perf = figures.length === 0 ? '' : ` | ${figures.join(' ')}`;
  ctx.out.write(`${worst.toUpperCase()} - ${escapeText(sentenceOf(probed)).replaceAll('|', '/')}${escapeText(perf)}\n`);
  const [one, ...others] = probed;
  if (one === undefined) return;
  if (others.length === 0) return showOne(ctx, one);
  const columns = [{ header: 'check' }, { header: 'status' }, { header: 'what it says', grow: 2 }, { header: 'took' }];
  const rows = probed.map(({ check, probe }) => [
    check.name,
    probe.status,
    probe.summary,
    formatSeconds(probe.duration_s),
  ]);
  ctx.out.write(await renderTable(columns, rows, ctx.out, await ctx.style()));
}

function sentenceOf(probed: readonly Probed[]): string {
  if (probed.length === 0) return 'grace.yaml names no check';
  const bad = probed.filter(({ probe }) => probe.status !== 'ok');
  // Of one check people want to know what it found, whatever that is.
  const told = probed.length === 1 ? probed : bad;
  if (told.length === 0) return `${probed.length} of ${probed.length} checks pass`;
  return told.map(({ check, probe }) => `${check.name}: ${probe.summary}`).join('; ');
}

function showOne(ctx: Context, { probe, standing }: Probed): void {
  writeFields(ctx.out, {
    status: probe.status,
    found: probe.summary,
    confirm: standingWords(standing),
    took: formatSeconds(probe.duration_s),
    ...Object.fromEntries((probe.perfdata ?? []).map((one) => [one.label, figureWords(one)])),
  });
}

function standingWords({ state, failed, need, of, seen_before }: Standing): string {
  const before = seen_before ? '' : '; nothing is known of earlier looks';
  switch (state) {
    case 'healthy':
      return failed === 0 ? `not failing${before}` : `not failing now; ${failed} of the last ${of} failed`;
    case 'not_confirmed':
      return `not confirmed: ${failed} of ${of} failed, ${need} confirm it${before}`;
    case 'confirmed':
      return `confirmed: ${failed} of ${of} failed, ${need} confirm it${before}`;
    case 'in_start_period':
      return 'a failure does not count yet: start_period';
    case 'could_not_tell':
      return 'could not tell: neither a pass nor a failure';
  }
}
