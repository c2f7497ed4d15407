// A host that heals and learns: its episodes are drawn by the real decision, its ticks are the real ticks. Only the world
// is made up: records of what happened in it, as the registry would give them.

import { chooseOrder } from '../../src/learning/serving/choose-order.ts';
import { seedOf } from '../../src/learning/serving/seed-of.ts';
import { foldEntry } from '../../src/learning/state/fold.ts';
import { NOTHING_LEARNED } from '../../src/learning/state/learn-state.ts';
import { planTick } from '../../src/learning/tick/plan-tick.ts';

const START_MS = Date.UTC(2026, 0, 1);
const BOOT = 'boot';
/** Seconds between two incidents: every relapse window is over by then. */
const APART_S = 100_000;
const RELAPSE_S = 600;

/**
 * @param checks as `LearnableCheck`, all of them healed by playbooks that may be randomised
 * @param governance as `Governance`
 */
export function learningHost(checks, governance, seed) {
  let line = 0;
  let clock_s = 0;
  let state = NOTHING_LEARNED;
  let next = { version: 1, proposal: 1 };
  const byName = new Map(checks.map((check) => [check.name, check]));
  const arms = new Map();
  const versions = new Map();
  const open = new Map();

  const entry = (action, subject, decision, metadata) => {
    line += 1;
    const at = new Date(START_MS + clock_s * 1000).toISOString();
    const place = { line, action, subject, actor: 'learner', entry_id: `log_${line}`, origin: null };
    return { ...place, boot_id: BOOT, elapsed_s: clock_s, at, decision, metadata };
  };

  const served = (name, onset) => {
    const { playbooks, learn } = byName.get(name);
    const { mode, holdout } = governance;
    return chooseOrder({
      ...{ standing: arms.get(name)?.decision, listed: playbooks.map(({ id }) => id), mode, holdout, learn },
      mayBeRandomised: () => true,
      seed: seedOf(`${seed} ${name}`, onset),
    });
  };

  /**
   * One failure of a check. `handle` is told the order and answers what was tried, until something worked or nothing is left;
   * `relapses` whether it fails again at once.
   */
  const fails = (name, handle, relapses = () => false) => {
    clock_s += APART_S;
    const { target, mode } = byName.get(name);
    const onset = { boot_id: BOOT, elapsed_s: clock_s, at: new Date(START_MS + clock_s * 1000).toISOString() };
    const drawn = served(name, onset);
    const { arm, propensity, order, holdout_share, predicted, version } = drawn;
    const listed = byName.get(name).playbooks.map(({ id }) => id);
    const opening = entry(
      'incident_opened',
      `inc_${line}`,
      { arm, propensity, order, holdout_share, predicted, version, frozen: order.join() === listed.join(), relapse: 0 },
      {
        ...{
          check: name,
          target,
          failure_mode: mode,
          origin: 'real',
          config_version: 'c',
          relapse_s: RELAPSE_S,
          onset,
        },
      },
    );
    const claims = handle(order).map(({ playbook, worked, seconds }) => {
      line += 1;
      const granted = { boot_id: BOOT, elapsed_s: clock_s, at: new Date(START_MS + clock_s * 1000).toISOString() };
      clock_s += seconds;
      const ended = { boot_id: BOOT, elapsed_s: clock_s, at: new Date(START_MS + clock_s * 1000).toISOString() };
      return {
        ...{ claim_id: `log_${line}`, incident_id: opening.subject, target, playbook_id: playbook, line },
        ...{ claimed_at: granted.at, ended_at: ended.at, outcome: worked ? 'worked' : 'failed', granted, ended },
        ...{ config_version: 'c', act_s: seconds, verify_s: null, within_s: 30, relapse_s: RELAPSE_S },
      };
    });
    const worked = claims.at(-1)?.outcome === 'worked';
    const said = worked ? [] : [entry('incident_escalated', opening.subject, { reason: 'all', gave_up: true }, {})];
    const next = relapses() ? entry('incident_opened', opening.subject, { relapse: 1 }, {}) : undefined;
    return { opening, next, claims, said };
  };

  const tick = (episodes) => {
    clock_s += RELAPSE_S;
    const plan = planTick({
      ...{ state, episodes, checks, governance, advice: [], rejected: [], since: [], tasks: [], next, lines: line },
      now: { boot_id: BOOT, elapsed_s: clock_s, ms: START_MS + clock_s * 1000 },
      open: [...open.values()],
      arms: [...arms.values()],
      versions: [...versions.values()],
      tick_id: `${line}`,
    });
    for (const { action, resource, decision, metadata } of plan.entries) {
      const written = entry(action, resource, decision, metadata);
      state = foldEntry(state, written);
      if (action === 'learning_arms') arms.set(resource, written);
      if (action === 'change_proposed') {
        open.set(resource, written);
        next = { ...next, proposal: next.proposal + 1 };
      }
      if (action === 'change_withdrawn') open.delete(resource);
      if (action === 'config_update') {
        versions.set(resource, written);
        next = { ...next, version: next.version + 1 };
      }
    }
    return plan;
  };

  return { fails, tick, state: () => state, arms: (name) => arms.get(name)?.decision };
}
