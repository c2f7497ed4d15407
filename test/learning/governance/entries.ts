import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditDraft } from '../../../src/core/records/audit-entry.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import type { ControlEntry } from '../../../src/core/registry/queries/control.js';
import type { Outcome } from '../../../src/learning/outcome/outcome.js';
import { outcomeEntry } from '../../../src/learning/outcome/outcome-of.js';
import type { LearnableCheck, LearnablePlaybook } from '../../../src/learning/tick/facts.js';

export const NOW = { boot_id: 'b', elapsed_s: 100, ms: Date.parse('2026-11-23T10:00:00Z') };
const CLOCK = { clock: { boot_id: 'b', elapsed_s: 100 } };

/** As the registry keeps them: the first is line 1, ten lines apart, as if there were others between. */
export function asControls(drafts: readonly AuditDraft[]): ControlEntry[] {
  return drafts.map(({ actor, action, resource, decision, metadata }, i) => ({
    ...{ actor, action, subject: resource, decision, metadata, origin: null },
    ...{
      line: lineOf(i),
      entry_id: entryIdAt(lineOf(i)),
      at: `2026-11-23T10:${String(i).padStart(2, '0')}:00.000000Z`,
    },
    ...{ boot_id: 'b', elapsed_s: 100 + i },
  }));
}

export const lineOf = (place: number) => 10 * place + 1;
export const entryIdAt = (line: number) => `log_${line}_20261123100000000000`;

export function learned(change: Partial<Outcome>, incident = 'inc_1'): AuditDraft {
  const outcome: Outcome = {
    ...{ opening: entryIdAt(1), check: 'web', target: 'http://web', mode: 'api_timeout', arm: 'incumbent' },
    ...{ order: ['cache', 'restart'], holdout: false, holdout_share: 0.2, differs: true, predicted: 0.5 },
    ...{ tried: [{ playbook: 'cache', worked: true, seconds: 4 }], waits: [] },
    ...{ recovered_s: 10, relapsed: false, escalated: false, unknown: 0 },
    ...{ counts: { order: true, waits: true, effect: true }, left_out: [] },
    ...change,
  };
  return outcomeEntry(outcome, incident, NOW);
}

export function arms(decision: JsonObject = {}, check = 'web', playbooks: JsonObject[] = []): AuditDraft {
  return {
    ...{ actor: 'learner', action: ACTION.learningArms, resource: check },
    decision: {
      ...{ first: ['cache', 'restart'], incumbent: ['cache', 'restart'], candidate: ['cache', 'restart'] },
      ...{ version: null, holdout: 0.2, waits: {}, p: { cache: 0.25, restart: 0.875 }, ...decision },
    },
    metadata: { check, target: 'http://web', mode: 'api_timeout', playbooks, outcomes: 1, ...CLOCK },
  };
}

export const ORDER_NUMBERS = {
  playbooks: [
    {
      id: 'restart',
      n: 7,
      s: 6,
      f: 1,
      p: 0.875,
      p_low: 0.6,
      p_high: 0.97,
      a_s: 20,
      b_s: 90,
      cost_s: 28.75,
      index: 0.0304,
    },
    { id: 'cache', n: 6, s: 1, f: 5, p: 0.25, p_low: 0.05, p_high: 0.5, a_s: 4, b_s: 64, cost_s: 49, index: 0.0051 },
  ],
  ...{ candidate_s: 200, incumbent_s: 290, better: 0.93, incidents: 9, person_s: 1800 },
};

export const WAIT_NUMBERS = {
  ...{ observed: 12, given_up: 2, best_s: 8, best_cost_s: 15, next_step_s: 100, wait_s: 22.5 },
};

export function update(number: number, decision: JsonObject = {}, metadata: JsonObject = {}): AuditDraft {
  return {
    ...{ actor: 'learner', action: ACTION.configUpdate, resource: `v${number}` },
    decision: {
      ...{ version: number, kind: 'order', check: 'web', from: ['cache', 'restart'], to: ['restart', 'cache'] },
      ...{ rule: 'built in: no playbook overtakes one of lower risk', account: 'learner', proposal: null },
      ...decision,
    },
    metadata: { numbers: ORDER_NUMBERS, outcomes: 1, seed: 's', playbooks: [], state: '', ...metadata, ...CLOCK },
  };
}

export function proposed(number: number, decision: JsonObject = {}, metadata: JsonObject = {}): AuditDraft {
  return {
    ...{ actor: 'learner', action: ACTION.changeProposed, resource: `p${number}` },
    decision: {
      ...{ proposal: number, kind: 'order', check: 'web', from: ['cache', 'restart'], to: ['restart', 'cache'] },
      ...{ needs: 'reorder', why: 'learning.mode is propose', ...decision },
    },
    metadata: { numbers: ORDER_NUMBERS, outcomes: 1, seed: 's', playbooks: [], state: '', ...metadata, ...CLOCK },
  };
}

export function ended(action: string, number: number, actor = 'operator:anna', decision: JsonObject = {}): AuditDraft {
  return { actor, action, resource: `p${number}`, decision: { proposal: number, ...decision }, metadata: CLOCK };
}

export function playbook(id: string, change: Partial<LearnablePlaybook> = {}): LearnablePlaybook {
  return { id, declared_s: 5, risk: 'low', may_randomise: true, within_s: 30, bounds: null, ...change };
}

export function webCheck(change: Partial<LearnableCheck> = {}): LearnableCheck {
  return {
    ...{ name: 'web', target: 'http://web', mode: 'api_timeout', learn: true },
    playbooks: [playbook('cache'), playbook('restart')],
    ...change,
  };
}
