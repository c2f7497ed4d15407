import type { PerfValue, Probe, ProbeStatus } from '../healing/check.js';
import { ProbeStore } from '../healing/probe-store.js';
import type { Context } from './context.js';
import { chosenChecks, healingPlan, loadForHealing } from './healing.js';
import { escapeText } from './output/escape.js';
import { renderTable } from './output/table.js';
import { formatSeconds } from './output/time.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export type HealCheckOptions = WhereOptions & { readonly json?: boolean };

const PLUGIN_CODE = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const satisfies Record<ProbeStatus, number>;
/** What is worse than what, for the headline: a check that fails outweighs one that could not run. */
const BY_WEIGHT: readonly ProbeStatus[] = ['ok', 'unknown', 'warning', 'critical'];

/** Probes once. Answers a plugin's exit code: that of the worst. */
export async function runHealCheck(ctx: Context, names: readonly string[], options: HealCheckOptions): Promise<number> {
  const loaded = await loadForHealing(ctx, options, false);
  const store = new ProbeStore(await findLogs(ctx, options), { write: false });
  try {
    const { watched } = await healingPlan(ctx, loaded, { store });
    const chosen = chosenChecks(watched, names, loaded.config);
    const probed = await Promise.all(chosen.map(async ({ check }) => ({ check, probe: await check.probe() })));
    const worst = worstOf(probed.map(({ probe }) => probe.status));
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, {
        schema: 'grace.checks/1',
        status: worst,
        checks: probed.map(({ check, probe }) => ({
          ...{ check: check.name, target: check.target, failure_mode: check.failure_mode, severity: check.severity },
          ...{ status: probe.status, summary: probe.summary, duration_s: probe.duration_s },
          perfdata: probe.perfdata ?? [],
        })),
      });
    } else {
      await show(ctx, worst, probed);
    }
    return PLUGIN_CODE[worst];
  } finally {
    store.close();
  }
}

function worstOf(statuses: readonly ProbeStatus[]): ProbeStatus {
  const worst = Math.max(0, ...statuses.map((status) => BY_WEIGHT.indexOf(status)));
  // No check at all says nothing about this host.
  return statuses.length === 0 ? 'unknown' : (BY_WEIGHT[worst] ?? 'unknown');
}

/** The first line is what a monitoring system shows: the verdict, and after a bar the figures. */
async function show(ctx: Context, worst: ProbeStatus, probed: readonly { check: { name: string }; probe: Probe }[]) {
  const bad = probed.filter(({ probe }) => probe.status !== 'ok');
  const sentence =
    probed.length === 0
      ? 'grace.yaml names no check'
      : bad.length === 0
        ? `${probed.length} of ${probed.length} checks pass`
        : bad.map(({ check, probe }) => `${check.name}: ${probe.summary}`).join('; ');
  const figures = probed.flatMap(({ check, probe }) => (probe.perfdata ?? []).map((one) => perfText(check.name, one)));
  const perf = figures.length === 0 ? '' : ` | ${figures.join(' ')}`;
  ctx.out.write(`${worst.toUpperCase()} - ${escapeText(sentence).replaceAll('|', '/')}${escapeText(perf)}\n`);
  if (probed.length < 2) return;
  const columns = [{ header: 'check' }, { header: 'status' }, { header: 'what it says', grow: 2 }, { header: 'took' }];
  const rows = probed.map(({ check, probe }) => [
    check.name,
    probe.status,
    probe.summary,
    formatSeconds(probe.duration_s),
  ]);
  ctx.out.write(await renderTable(columns, rows, ctx.out, await ctx.style()));
}

function perfText(check: string, { label, value, unit, warn, crit, min, max }: PerfValue): string {
  const name = `${check}/${label}`.replaceAll("'", "''");
  const bounds = [warn, crit, min, max].map((bound) => bound ?? '').join(';');
  return `'${name}'=${value}${unit};${bounds}`.replace(/;+$/, '');
}
