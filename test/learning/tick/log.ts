import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditDraft, AuditEntry } from '../../../src/core/records/audit-entry.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { foldTaskEntry, kindOfTaskEntry, type Task } from '../../../src/core/records/task.js';
import type { ControlEntry } from '../../../src/core/registry/queries/control.js';
import type { EpisodeRecord } from '../../../src/core/registry/queries/episodes.js';
import type { Outcome } from '../../../src/learning/outcome/outcome.js';
import { outcomeEntry } from '../../../src/learning/outcome/outcome-of.js';
import { chooseOrder, type Served } from '../../../src/learning/serving/choose-order.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import type {
  Governance,
  LearnableCheck,
  LearnablePlaybook,
  TickFacts,
  TickPlan,
} from '../../../src/learning/tick/facts.js';
import { planTick } from '../../../src/learning/tick/plan-tick.js';
import { claim, control, moment, now, opening } from '../outcome/episode.js';

export function playbook(id: string, more: Partial<LearnablePlaybook> = {}): LearnablePlaybook {
  return { id, declared_s: 20, risk: 'low', may_randomise: true, within_s: 30, bounds: null, ...more };
}

export function check(
  ids: readonly (string | LearnablePlaybook)[],
  more: Partial<LearnableCheck> = {},
): LearnableCheck {
  const playbooks = ids.map((one) => (typeof one === 'string' ? playbook(one) : one));
  return { name: 'web', target: 'web.service', mode: 'api_timeout', learn: true, playbooks, ...more };
}

export const GOVERNANCE: Governance = {
  ...{ mode: 'apply', holdout: 0.2, config_version: 'c1' },
  may: {
    reorder: { allowed: true, rule: 'accounts.learner.may: reorder' },
    wait: { allowed: true, rule: 'accounts.learner.may: wait' },
  },
};

export interface Attempt {
  readonly playbook: string;
  readonly worked: boolean;
  readonly verify_s?: number;
}

const LEARNERS: readonly string[] = [
  ...[ACTION.outcomeLearned, ACTION.learningArms, ACTION.configUpdate, ACTION.changeProposed],
  ...[ACTION.changeApproved, ACTION.changeRejected, ACTION.changeWithdrawn, ACTION.learningTick],
];
const DECIDED: readonly string[] = [ACTION.changeApproved, ACTION.changeRejected, ACTION.changeWithdrawn];

/** A log in memory, read as the registry reads the real one. */
export class Log {
  lines: ControlEntry[] = [];
  episodes: EpisodeRecord[] = [];
  tasks = new Map<string, Task>();
  refused: string[] = [];
  checks: LearnableCheck[];
  governance: Governance;
  advice: TickFacts['advice'] = [];
  /** Seconds of the boot. */
  s = 0;
  ticks = 0;

  constructor(checks: readonly LearnableCheck[], governance: Partial<Governance> = {}) {
    this.checks = [...checks];
    this.governance = { ...GOVERNANCE, ...governance };
  }

  copy(): Log {
    const copy = new Log(this.checks, this.governance);
    copy.lines = [...this.lines];
    copy.episodes = [...this.episodes];
    copy.tasks = new Map(this.tasks);
    copy.refused = [...this.refused];
    copy.advice = this.advice;
    copy.s = this.s;
    copy.ticks = this.ticks;
    return copy;
  }

  append(drafts: readonly AuditDraft[]): void {
    for (const draft of drafts) {
      // As it comes back from the disk.
      const { actor, action, resource, decision, metadata } = JSON.parse(JSON.stringify(draft)) as AuditDraft;
      const line = this.lines.length + 1;
      const entry = control(action, line, this.s, { actor, subject: resource, decision, metadata });
      this.lines.push(entry);
      const written: AuditEntry = {
        ...{ entry_id: entry.entry_id, timestamp: entry.at },
        ...{ actor, action, resource, decision, metadata },
      };
      if (kindOfTaskEntry(written) !== 'registered') continue;
      const id = `${metadata.task_id}`;
      const step = foldTaskEntry(this.tasks.get(id), written);
      if (step.ok) this.tasks.set(id, step.task);
      else this.refused.push(step.reason);
    }
  }

  of(action: string): ControlEntry[] {
    return this.lines.filter((entry) => entry.action === action);
  }

  get state(): LearnState {
    return this.lines.reduce(foldEntry, NOTHING_LEARNED);
  }

  facts(): TickFacts {
    const { state, lines } = this;
    const last = (action: string, subject: string) =>
      lines.findLast((entry) => entry.action === action && entry.subject === subject);
    const learned = new Set(this.of(ACTION.outcomeLearned).map(({ metadata }) => metadata.opening));
    const ticked = lines.findLast(({ action }) => action === ACTION.learningTick)?.line ?? 0;
    const since = lines.filter(({ line, action }) => line > ticked && LEARNERS.includes(action));
    const names = [...new Set(this.of(ACTION.learningArms).map(({ subject }) => subject))];
    const made = since
      .filter(({ action }) => action === ACTION.configUpdate)
      .map(({ subject }) => `config_update_${subject}`);
    const isOver = ({ status }: Task) => status !== 'pending' && status !== 'active';
    return {
      ...{ now: now(this.s), state, checks: this.checks, governance: this.governance, advice: this.advice, since },
      episodes: this.episodes.filter(({ opening: { entry_id } }) => !learned.has(entry_id)),
      open: this.of(ACTION.changeProposed).filter(
        ({ subject, line }) =>
          !lines.some((later) => later.line > line && later.subject === subject && DECIDED.includes(later.action)),
      ),
      rejected: this.of(ACTION.changeRejected).reverse(),
      arms: names.flatMap((name) => last(ACTION.learningArms, name) ?? []),
      versions: Object.values(state.checks).flatMap(({ version }) => last(ACTION.configUpdate, `v${version}`) ?? []),
      tasks: [...this.tasks.values()]
        .filter((task) => !isOver(task) || made.includes(task.task_id))
        .map((task) => ({ task_id: task.task_id, ended: isOver(task) })),
      next: { version: this.of(ACTION.configUpdate).length + 1, proposal: this.of(ACTION.changeProposed).length + 1 },
      lines: lines.length,
      tick_id: `t${this.ticks}`,
    };
  }

  tick(): TickPlan {
    const plan = planTick(this.facts());
    this.append(plan.entries);
    this.ticks += 1;
    return plan;
  }

  /** What would be served in an incident that begins now. */
  serve(name: string): Served {
    const found = this.checks.find((one) => one.name === name) as LearnableCheck;
    const { mode, holdout } = this.governance;
    return chooseOrder({
      standing: this.lines.findLast(({ action, subject }) => action === ACTION.learningArms && subject === name)
        ?.decision,
      listed: found.playbooks.map(({ id }) => id),
      ...{ mode, learn: found.learn, holdout },
      mayBeRandomised: (id) => found.playbooks.some((one) => one.id === id && one.may_randomise),
      seed: `${name} b1 ${this.s} ${moment(this.s).at}`,
    });
  }

  /** An incident of that check, tried one after another until one works; relapse windows are over afterwards. */
  incident(name: string, tries: readonly Attempt[], served: Partial<Served> = {}): void {
    const found = this.checks.find((one) => one.name === name) as LearnableCheck;
    const frozen = found.playbooks.map(({ id }) => id).join() === (served.order ?? []).join();
    this.s += 1000;
    const line = 1_000_000 + this.episodes.length * 100;
    const { arm = 'author', order = found.playbooks.map(({ id }) => id), holdout_share = 1, predicted = null } = served;
    const begun = opening({
      decision: { arm, propensity: 1, order: [...order], holdout_share, frozen, predicted, version: null },
      metadata: {
        ...{ check: name, target: found.target, failure_mode: found.mode, relapse_s: 300, config_version: 'v' },
        onset: { ...moment(this.s) } as JsonObject,
      },
    });
    const claims = tries.map(({ playbook: id, worked, verify_s = worked ? 24 : 30 }, place) => {
      const from = this.s + place * 40;
      return claim(line + 1 + place, id, {
        ...{ from, to: from + verify_s + 5, verify_s, outcome: worked ? 'worked' : 'failed', relapse_s: 300 },
      });
    });
    const said = tries.some(({ worked }) => worked)
      ? []
      : [control(ACTION.incidentEscalated, line + 90, this.s + 300, { decision: { reason: 'exhausted' } })];
    this.episodes.push({ opening: { ...begun, line, entry_id: `log_${line}` }, next: undefined, claims, said });
    this.s += 2000;
  }

  /** As if a tick had learned it: for what takes many incidents. */
  learned(name: string, more: Partial<Outcome> = {}): void {
    const found = this.checks.find((one) => one.name === name) as LearnableCheck;
    const order = found.playbooks.map(({ id }) => id);
    const opening = `log_9${this.lines.length}`;
    const outcome: Outcome = {
      ...{ opening, check: name, target: found.target, mode: found.mode, arm: 'incumbent', order, holdout: false },
      ...{ holdout_share: 1, differs: false, predicted: null, tried: [], waits: [], recovered_s: 60 },
      ...{ relapsed: false, escalated: false, unknown: 0, left_out: [] },
      ...{ counts: { order: true, waits: true, effect: false }, ...more },
    };
    this.append([outcomeEntry(outcome, 'inc_9', now(this.s))]);
  }

  /** So many incidents in both arms, in which what was learned is far slower than the first order. */
  harmed(name: string, n = 60): void {
    for (let i = 0; i < n; i++) {
      const holdout = i % 2 === 0;
      const counts = { order: false, waits: false, effect: true };
      const recovered_s = holdout ? 10 : 2000;
      this.learned(name, { holdout, holdout_share: 0.5, differs: true, recovered_s, counts });
    }
  }

  /** A person decides about an open proposal, as `learn approve` and `learn reject` have it written. */
  decide(id: string, yes: boolean): void {
    const made = this.of(ACTION.changeProposed).find(({ subject }) => subject === id) as ControlEntry;
    const { proposal = 0, kind = '', check: name = '', playbook, from = null, to = null } = made.decision;
    const about = { kind, check: name, ...(playbook === undefined ? {} : { playbook }), from, to };
    const by = { actor: 'operator:anna', resource: id, metadata: {} };
    const action = yes ? ACTION.changeApproved : ACTION.changeRejected;
    const number = this.of(ACTION.configUpdate).length + 1;
    this.append([{ ...by, action, decision: { proposal, ...about, rule: 'may' } }]);
    const version: AuditDraft = {
      ...{ ...by, action: ACTION.configUpdate, resource: `v${number}` },
      decision: { version: number, ...about, rule: 'may', account: 'operator:anna', proposal: id },
    };
    const task_id = `config_update_${id}`;
    const metadata = { schema: 'grace.task/1', task_id };
    const task = {
      ...by,
      action: yes ? 'task_completed' : 'task_cancelled',
      resource: task_id,
      decision: {},
      metadata,
    };
    this.append([...(yes ? [version] : []), task]);
  }
}

/** Whichever of them is tried, it works or not as it always does. */
export function triesOf(order: readonly string[], works: (id: string) => boolean): Attempt[] {
  const end = order.findIndex(works);
  return order.slice(0, end < 0 ? order.length : end + 1).map((id) => ({ playbook: id, worked: works(id) }));
}
