import type { ProbeStatus } from '../healing/check.js';
import { ProbeStore } from '../healing/probe-store.js';
import { standingAfter } from '../healing/standing.js';
import type { Context } from './context.js';
import { showProbed } from './heal-check-text.js';
import { chosenChecks, healingPlan, loadForProbing, presentOf } from './healing.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export type HealCheckOptions = WhereOptions & { readonly json?: boolean };

const PLUGIN_CODE = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const satisfies Record<ProbeStatus, number>;
/** What is worse than what, for the headline: a check that fails outweighs one that could not run. */
const BY_WEIGHT: readonly ProbeStatus[] = ['ok', 'unknown', 'warning', 'critical'];

/** Probes once. Answers a plugin's exit code: that of the worst. */
export async function runHealCheck(ctx: Context, names: readonly string[], options: HealCheckOptions): Promise<number> {
  const loaded = await loadForProbing(ctx, options);
  const store = new ProbeStore(await findLogs(ctx, options), { write: false });
  try {
    const { watched } = await healingPlan(ctx, loaded, { store });
    const chosen = chosenChecks(watched, names, loaded.config);
    const probed = await Promise.all(
      chosen.map(async (one) => {
        const began = presentOf(ctx);
        const probe = await one.check.probe();
        return { check: one.check, probe, standing: standingAfter(store.state(one.check.name), probe, began, one) };
      }),
    );
    const worst = worstOf(probed.map(({ probe }) => probe.status));
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, {
        schema: 'grace.checks/1',
        status: worst,
        checks: probed.map(({ check, probe, standing }) => ({
          ...{ check: check.name, target: check.target, failure_mode: check.failure_mode, severity: check.severity },
          ...{ status: probe.status, summary: probe.summary, duration_s: probe.duration_s },
          perfdata: probe.perfdata ?? [],
          confirm: standing,
        })),
      });
    } else {
      await showProbed(ctx, worst, probed);
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
