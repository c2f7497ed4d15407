import { appendFileSync } from 'node:fs';
import { tickFacts } from '../../../src/cli/learn-tick-facts.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { type AuditDraft, entryId } from '../../../src/core/records/audit-entry.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { clockOf, type Now } from '../../../src/core/records/moment.js';
import { formatInstant } from '../../../src/core/records/time.js';
import type { ControlView } from '../../../src/core/registry/queries/control.js';
import { learnerTasks } from '../../../src/core/registry/queries/learning-tasks.js';
import type { Registry } from '../../../src/core/registry/registry.js';
import { chronicleOf } from '../../../src/learning/governance/chronicle.js';
import { approveProposal } from '../../../src/learning/governance/decide-proposal.js';
import type { Decision, DecisionFacts } from '../../../src/learning/governance/decision.js';
import { rollbackVersion } from '../../../src/learning/governance/rollback-version.js';
import type { Random } from '../../../src/learning/order/random.js';
import { chooseOrder } from '../../../src/learning/serving/choose-order.js';
import { seedOf } from '../../../src/learning/serving/seed-of.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import type { Governance, LearnableCheck, LearnablePlaybook } from '../../../src/learning/tick/facts.js';
import { planTick } from '../../../src/learning/tick/plan-tick.js';
import { line } from '../../support/records.js';
import { logPath } from '../../support/registry.js';

const BOOT = 'boot-1';
const EPOCH_MS = Date.parse('2026-03-01T00:00:00.000Z');
const RELAPSE_S = 300;

/** What is true of a playbook on this host. */
export type Chances = Readonly<Record<string, number>>;

export function playbook(id: string, more: Partial<LearnablePlaybook> = {}): LearnablePlaybook {
  const bounds = { least_s: 5, most_s: 120 };
  return { id, declared_s: 20, risk: 'low', may_randomise: true, within_s: 30, bounds, ...more };
}

export function webCheck(change: Partial<LearnableCheck> = {}): LearnableCheck {
  const playbooks = ['a', 'b', 'c'].map((id) => playbook(id));
  return { name: 'web', target: 'web.service', mode: 'api_timeout', learn: true, playbooks, ...change };
}

/** A host whose log is a real file, read by a real registry, and whose learner is the real one. Its clock stands still. */
export class LoggedWorld {
  checks: LearnableCheck[];
  governance: Governance = {
    ...{ mode: 'apply', holdout: 0.2, config_version: 'c1' },
    may: { reorder: { allowed: true, rule: 'may reorder' }, wait: { allowed: true, rule: 'may wait' } },
  };
  #s = 1000;
  #lines = 0;
  #ticks = 0;
  #incidents = 0;
  readonly #dir: string;
  readonly registry: Registry;
  /** What it mends is only bearable, and a person is asked for. */
  bearable: string | undefined;

  constructor(dir: string, registry: Registry, checks: readonly LearnableCheck[] = [webCheck()]) {
    this.#dir = dir;
    this.registry = registry;
    this.checks = [...checks];
  }

  get now(): Now {
    return { boot_id: BOOT, elapsed_s: this.#s, ms: EPOCH_MS + this.#s * 1000 };
  }

  pass(seconds: number): void {
    this.#s += seconds;
  }

  write(drafts: readonly AuditDraft[]): string[] {
    const { ms } = this.now;
    const entries = drafts.map(({ actor, action, resource, decision, metadata }, i) => ({
      ...{ entry_id: entryId(this.#lines + 1 + i, ms), timestamp: formatInstant(ms) },
      ...{ actor, action, resource, decision, metadata },
    }));
    this.#lines += drafts.length;
    appendFileSync(logPath(this.#dir, 'audit'), entries.map(line).join(''));
    this.registry.sync();
    return entries.map(({ entry_id }) => entry_id);
  }

  ask<T>(question: (view: ControlView) => T): T {
    return this.registry.control(question);
  }

  get state(): LearnState {
    return this.ask((view) => view.learnerEntries(0, 1_000_000)).reduce(foldEntry, NOTHING_LEARNED);
  }

  /** One failure of a check, handled as it is drawn; `again`: the incident of that number fails once more. */
  incident(name: string, chances: Chances, random: Random, again?: number): void {
    const check = this.checks.find((one) => one.name === name) as LearnableCheck;
    const onset = { boot_id: BOOT, elapsed_s: this.#s, at: formatInstant(this.now.ms) };
    this.pass(4);
    const served = chooseOrder({
      standing: this.ask((view) => view.lastControl(ACTION.learningArms, name))?.decision,
      listed: check.playbooks.map(({ id }) => id),
      ...{ mode: this.governance.mode, learn: check.learn, holdout: this.governance.holdout },
      mayBeRandomised: (id) => check.playbooks.some((one) => one.id === id && one.may_randomise),
      seed: seedOf(name, onset),
    });
    const { order, arm, propensity, holdout_share, predicted, version } = served;
    const frozen = order.join() === check.playbooks.map(({ id }) => id).join();
    this.#incidents += again === undefined ? 1 : 0;
    const id = `inc_${again ?? this.#incidents}`;
    const { config_version } = this.governance;
    const about = { incident_id: id, ...clockOf(this.now) };
    this.write([
      {
        ...{ actor: 'healer', action: ACTION.incidentOpened, resource: id },
        decision: {
          ...{ reason: 'refused', relapse: again === undefined ? 0 : 1 },
          ...{ arm, propensity, order: [...order], holdout_share, frozen, predicted, version },
        },
        metadata: {
          ...{ check: name, target: check.target, failure_mode: check.mode, origin: 'real' },
          ...{ onset, relapse_s: RELAPSE_S, config_version, ...about },
        },
      },
    ]);
    const worked = order.some((playbook_id) => {
      const heals = random() < (chances[playbook_id] ?? 0);
      this.#attempt(check, id, playbook_id, heals, random);
      return heals;
    });
    if (worked && order[0] !== this.bearable) return;
    this.write([
      {
        ...{ actor: 'healer', action: ACTION.incidentEscalated, resource: id },
        ...{ decision: { reason: 'exhausted', bearable: worked }, metadata: { incident_id: id, ...clockOf(this.now) } },
      },
    ]);
  }

  #attempt(check: LearnableCheck, id: string, playbook_id: string, heals: boolean, random: Random): void {
    const { within_s } = check.playbooks.find((one) => one.id === playbook_id) as LearnablePlaybook;
    const { target } = check;
    const owner = { boot_id: BOOT, pid: 1, start_time: 1 };
    const { config_version } = this.governance;
    const [claim = ''] = this.write([
      {
        ...{ actor: 'healer', action: ACTION.remedyClaimed, resource: id, decision: {} },
        metadata: { incident_id: id, target, playbook_id, owner, config_version, ...clockOf(this.now) },
      },
    ]);
    const verify_s = heals ? Math.round(random() * 8000) / 1000 : within_s;
    this.pass(5 + verify_s);
    const ended = { claim, incident_id: id, act_s: 5, verify_s, within_s, relapse_s: RELAPSE_S, ...clockOf(this.now) };
    this.write([
      {
        ...{ actor: 'healer', action: ACTION.remedyEnded, resource: id },
        decision: { outcome: heals ? 'worked' : 'failed', verified: heals },
        metadata: ended as JsonObject,
      },
    ]);
  }

  /** After all relapse windows have closed. */
  tick(): void {
    this.pass(RELAPSE_S + 1);
    const entries = this.registry.control((view) => {
      const { state } = this;
      const tasks = (ids: readonly string[]) => this.registry.read((db) => learnerTasks(db, ids));
      const episodes = view.dueEpisodes(0, 200);
      const { checks, governance, now } = this;
      const given = { view, now, state, checks, governance, episodes, tasks, advice: [] };
      return planTick(tickFacts({ ...given, tick_id: `t${this.#ticks}` })).entries;
    });
    this.#ticks += 1;
    if (entries.length > 0) this.write(entries);
  }

  approve(proposal: string): void {
    this.#decide((facts) => approveProposal(proposal, facts));
  }

  rollBack(version: string): void {
    this.#decide((facts) => rollbackVersion(version, facts));
  }

  #decide(decide: (facts: DecisionFacts) => Decision): void {
    this.pass(10);
    const chronicle = this.ask((view) => chronicleOf(view.learnerEntries(0, 1_000_000)));
    const [check] = this.checks;
    const { mode, holdout } = this.governance;
    const decision = decide({
      ...{ chronicle, state: this.state, today: { mode, holdout, check, detection: [] } },
      arms: this.ask((view) => view.lastControl(ACTION.learningArms, check?.name ?? '')),
      by: { account: 'operator:anna', rule: 'built in', facts: clockOf(this.now), reason: null },
    });
    if (!decision.ok) throw new Error(decision.why);
    this.write(decision.entries);
  }
}
