import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { beliefsOf } from '../order/beliefs.js';
import { believed, candidateOf } from '../order/candidate.js';
import { expectedTtr } from '../order/expected-ttr.js';
import { kept } from '../order/kept.js';
import { type ModeState, NOTHING_SEEN, observe } from '../order/observe.js';
import { isSameOrder, shouldPromote } from '../order/promotion.js';
import { ORDER_SETTING, type OrderSetting } from '../order/setting.js';
import { own } from '../order/tally.js';
import { readOutcome } from '../outcome/read-outcome.js';
import { checkState } from '../state/check-state.js';
import { foldEntry } from '../state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../state/learn-state.js';
import type { LearnableCheck } from '../tick/facts.js';
import { mayReorder } from '../tick/may.js';
import { checkSaid } from './checks-said.js';
import { GOVERNED } from './governed.js';

/** What the order of one check would be. */
export interface KeptCheck {
  readonly check: string;
  /** The best order with the other setting, and its expected seconds with it and by what is believed today. */
  readonly candidate: readonly string[];
  readonly candidate_s: number;
  readonly today_s: number;
  /** What is served today, and its expected seconds by what is believed today. */
  readonly incumbent: readonly string[];
  readonly incumbent_s: number;
  /** How often the order would have been changed by itself, and how often it was. */
  readonly promotions: number;
  readonly promoted: number;
}

export interface KeptReplay {
  readonly keep: number;
  readonly outcomes: number;
  readonly ticks: number;
  readonly checks: readonly KeptCheck[];
}

interface Course {
  readonly check: LearnableCheck;
  readonly incumbent: readonly string[];
  /** Outcomes of the check, and how many when its order would last have changed. */
  readonly outcomes: number;
  readonly changed_at: number;
  readonly promotions: number;
}

/**
 * The learner's decisions about orders once more, at each of its ticks, had evidence been discounted by another `keep`. The
 * outcomes are those of the orders that were served, whatever it would have served: a replay of decisions, not of the
 * world. People, rollbacks and the permission to act are left out of it.
 */
export class KeepReplay {
  readonly #setting: OrderSetting;
  #state: LearnState = NOTHING_LEARNED;
  #modes: Readonly<Record<string, ModeState>> = {};
  readonly #courses = new Map<string, Course>();
  /** Outcomes of checks whose playbooks are not known yet. */
  readonly #before = new Map<string, number>();
  /** How often the learner has really changed an order, by check. */
  readonly #promoted = new Map<string, number>();
  #outcomes = 0;
  #ticks = 0;

  constructor(keep: number) {
    this.#setting = { ...ORDER_SETTING, keep };
  }

  take(entry: ControlEntry): void {
    const { action, subject, actor, decision } = entry;
    this.#state = foldEntry(this.#state, entry);
    if (action === ACTION.outcomeLearned) this.#learn(entry);
    if (action === ACTION.learningArms) this.#named(checkSaid(subject, entry.metadata));
    if (action === ACTION.configUpdate && actor === 'learner' && decision.kind === 'order') {
      const name = String(decision.check);
      this.#promoted.set(name, (this.#promoted.get(name) ?? 0) + 1);
    }
    if (action !== ACTION.learningTick) return;
    this.#ticks += 1;
    for (const course of this.#courses.values()) this.#decide(course);
  }

  /** `check`: of that one alone. */
  result(check?: string): KeptReplay {
    const courses = [...this.#courses.values()].filter((one) => check === undefined || one.check.name === check);
    courses.sort((one, other) => (one.check.name < other.check.name ? -1 : 1));
    const checks = courses.map((course) => this.#kept(course));
    return { keep: this.#setting.keep, outcomes: this.#outcomes, ticks: this.#ticks, checks };
  }

  #learn(entry: ControlEntry): void {
    const outcome = readOutcome(entry);
    if (outcome === undefined) return;
    const { check, mode, target, tried, counts } = outcome;
    this.#outcomes += 1;
    const course = this.#courses.get(check);
    if (course) this.#courses.set(check, { ...course, outcomes: course.outcomes + 1 });
    else this.#before.set(check, (this.#before.get(check) ?? 0) + 1);
    if (!counts.order) return;
    const seen = observe(own(this.#modes, mode) ?? NOTHING_SEEN, { target, tried }, this.#setting.keep);
    this.#modes = { ...this.#modes, [mode]: seen };
  }

  #named(check: LearnableCheck | undefined): void {
    if (check === undefined) return;
    const listed = check.playbooks.map(({ id }) => id);
    const known = this.#courses.get(check.name);
    const outcomes = known?.outcomes ?? this.#before.get(check.name) ?? 0;
    this.#before.delete(check.name);
    const isSame =
      known !== undefined &&
      isSameOrder(
        listed,
        known.check.playbooks.map(({ id }) => id),
      );
    const { incumbent, changed_at } = isSame ? known : { incumbent: listed, changed_at: known ? outcomes : 0 };
    const { promotions = 0 } = known ?? {};
    this.#courses.set(check.name, { check, incumbent, outcomes, changed_at, promotions });
  }

  #decide(course: Course): void {
    const { check, incumbent, outcomes, changed_at } = course;
    const { name, mode } = check;
    const seen = own(this.#modes, mode);
    if (seen === undefined || check.playbooks.length < 2 || outcomes - changed_at < this.#setting.least_incidents)
      return;
    const { beliefs, order: candidate } = this.#best(check, seen);
    const incidents = outcomes - changed_at;
    // As the learner itself has named the contest.
    const seed = `${name} ${mode} ${seen.incidents}`;
    if (isSameOrder(candidate, incumbent)) return;
    if (!mayReorder(GOVERNED, check, { held: false }, incumbent, candidate).allowed) return;
    if (!shouldPromote({ beliefs, candidate, incumbent, incidents, seed }, this.#setting).promote) return;
    const promotions = course.promotions + 1;
    this.#courses.set(name, { ...course, incumbent: candidate, changed_at: outcomes, promotions });
  }

  #best(check: LearnableCheck, seen: ModeState) {
    const beliefs = beliefsOf(seen, check.target, check.playbooks, this.#setting);
    const { order, cut } = candidateOf(beliefs, this.#setting);
    return { beliefs, order: [...order, ...cut].map(({ id }) => id) };
  }

  #kept({ check, promotions }: Course): KeptCheck {
    const { name, mode, target, playbooks } = check;
    const best = this.#best(check, own(this.#modes, mode) ?? NOTHING_SEEN);
    const beliefs = beliefsOf(own(this.#state.modes, mode) ?? NOTHING_SEEN, target, playbooks, ORDER_SETTING);
    const seconds = (order: readonly string[]) =>
      expectedTtr(order, believed(beliefs, ORDER_SETTING), ORDER_SETTING.person_s);
    const listed = playbooks.map(({ id }) => id);
    const served = checkState(this.#state, name)?.incumbent ?? listed;
    const incumbent = served.every((id) => listed.includes(id)) ? served : listed;
    return {
      ...{ check: name, candidate: best.order, incumbent, promotions, promoted: this.#promoted.get(name) ?? 0 },
      candidate_s: kept(expectedTtr(best.order, believed(best.beliefs, this.#setting), ORDER_SETTING.person_s)),
      ...{ today_s: kept(seconds(best.order)), incumbent_s: kept(seconds(incumbent)) },
    };
  }
}
