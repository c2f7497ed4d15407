import { EXIT } from '../core/errors.js';
import { inspectDirectory } from '../core/journal/directory.js';
import { LOG_NAMES } from '../core/journal/log-files.js';
import { listSegments } from '../core/journal/segments.js';
import type { ControlView } from '../core/registry/queries/control.js';
import { EMPTY_CONTROL } from '../core/registry/queries/empty-control.js';
import type { Decision } from '../healing/engine/decide.js';
import { type Plan, planCheck } from '../healing/engine/plan.js';
import { ProbeStore } from '../healing/probe-store.js';
import type { Context } from './context.js';
import { chosenChecks, healingPlan, loadForProbing, presentOf } from './healing.js';
import { interruptible } from './interrupts.js';
import { escapeText } from './output/escape.js';
import { createRegistry, findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export type HealPlanOptions = WhereOptions & { readonly json?: boolean };

/** Confirms as quickly as a pass of healing does. */
const MOST_PACE_S = 1;

export function runHealPlan(ctx: Context, names: readonly string[], options: HealPlanOptions): Promise<number> {
  return interruptible(async ({ stop, exit }) => {
    const loaded = await loadForProbing(ctx, options);
    const dir = await findLogs(ctx, options);
    const store = new ProbeStore(dir, { write: false });
    const plan = await healingPlan(ctx, loaded, { store });
    const { ask, close } = await askerOf(ctx, dir);
    try {
      const chosen = chosenChecks(plan.watched, names, loaded.config);
      const plans = await Promise.all(
        chosen.map((watched) =>
          planCheck(watched, store.state(watched.check.name), {
            ...{ setting: plan.setting, ask, stop },
            now: () => presentOf(ctx),
            pace_s: Math.min(watched.every_s, MOST_PACE_S),
          }),
        ),
      );
      if (options.json) await showJson(ctx, plans);
      else await show(ctx, plans);
      return exit() ?? EXIT.done;
    } finally {
      close();
      store.close();
    }
  });
}

type Ask = <T>(question: (view: ControlView) => T) => T;

/** Asks the logs; where there are none, nothing has happened yet. Creates nothing. */
async function askerOf(ctx: Context, dir: string): Promise<{ ask: Ask; close: () => void }> {
  const { exists } = inspectDirectory(dir);
  if (!exists || LOG_NAMES.every((log) => listSegments(dir, log).length === 0)) {
    return { ask: (question) => question(EMPTY_CONTROL), close: () => undefined };
  }
  const registry = await createRegistry(ctx, dir);
  registry.sync();
  return { ask: (question) => registry.control(question), close: () => registry.close() };
}

async function show(ctx: Context, plans: readonly Plan[]): Promise<void> {
  const style = await ctx.style();
  if (plans.length === 0) ctx.out.write('grace.yaml names no check\n');
  for (const plan of plans) {
    const { check } = plan.watched;
    const status = plan.probe.status === 'ok' ? style.green('ok') : style.red(plan.probe.status);
    ctx.out.write(`${style.bold(escapeText(check.name))}: ${status}: ${escapeText(plan.probe.summary)}\n`);
    for (const line of sentences(plan)) ctx.out.write(`  ${escapeText(line)}\n`);
  }
}

function sentences(plan: Plan): string[] {
  if (plan.probe.status === 'unknown') return ['nothing: a check that cannot run is no reason to act'];
  const { decided } = plan;
  if (decided === undefined)
    return plan.probe.status === 'critical' ? ['nothing yet: the failure is not confirmed'] : [];
  const { decision, situation } = decided;
  const { failure } = situation;
  return [`confirmed: ${failure.bad} of ${failure.of}`, ...decisionSentences(decision)];
}

function decisionSentences(decision: Decision): string[] {
  switch (decision.kind) {
    case 'act':
      return [
        `would run ${decision.playbook.id} (risk ${decision.playbook.risk})`,
        ...decision.playbook.steps.map(
          (step) => `  ${step.name}: destroys ${step.destroys}; at most ${step.timeout_s} s`,
        ),
        ...decision.passedOver.map(({ rail, reason }) => `passes over ${rail}: ${reason}`),
      ];
    case 'withhold':
      return [
        `would run ${decision.playbook.id}, but does not:`,
        ...decision.refusals.map(({ rail, reason }) => `  ${rail}: ${reason}`),
        ...(decision.sets_brake === undefined ? [] : [`would set the brake: ${decision.sets_brake}`]),
      ];
    case 'escalate':
      return [`would ask for a person: ${decision.reason}`];
    case 'wait':
      return [`waits for a person: ${decision.reason}`];
    case 'busy':
      return [`a remedy is under way (${decision.claim_id})`];
    case 'abandoned':
      return [`a remedy was under way and its process is gone (${decision.claim_id}): would settle that first`];
    case 'stale':
      return ['another process has dealt with it since'];
  }
}

async function showJson(ctx: Context, plans: readonly Plan[]): Promise<void> {
  const { writeJson } = await import('./output/json.js');
  writeJson(ctx.out, {
    schema: 'grace.plan/1',
    checks: plans.map(({ watched, probe, decided }) => ({
      check: watched.check.name,
      target: watched.check.target,
      status: probe.status,
      summary: probe.summary,
      confirmed: decided !== undefined,
      decision: decided?.decision.kind ?? null,
      opening: decided && 'opening' in decided.decision ? decided.decision.opening : null,
      playbook: decided && 'playbook' in decided.decision ? decided.decision.playbook.id : null,
      refusals: decided?.decision.kind === 'withhold' ? decided.decision.refusals : [],
      reasons: decided === undefined ? [] : decisionSentences(decided.decision).map((line) => line.trim()),
    })),
  });
}
