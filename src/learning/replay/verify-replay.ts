import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';
import { isOrder } from '../governance/change.js';
import { readVersion, type Version } from '../governance/version.js';
import { own } from '../order/tally.js';
import { readOutcome } from '../outcome/read-outcome.js';
import { checkState } from '../state/check-state.js';
import { foldEntry } from '../state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../state/learn-state.js';
import { stateHash } from '../state/state-hash.js';
import type { LearnableCheck } from '../tick/facts.js';
import { checkArms } from './arms-check.js';
import { BitSet } from './bit-set.js';
import { checkSaid } from './checks-said.js';
import { type Deviation, type Difference, deviationOf } from './deviation.js';
import { broken } from './differences.js';
import { checkDraw } from './draw-check.js';
import { checkOutcome } from './outcome-check.js';
import { PeopleCheck } from './people-check.js';
import { checkRollback } from './rollback-check.js';
import { StandingHistory } from './standing-history.js';
import { TickCheck } from './tick-check.js';
import { checkChange, checkMoment, checkNumber } from './version-check.js';

/** What a replay asks of the logs. */
export type ReplayLog = Pick<ControlView, 'learnerEntries' | 'episodeAt' | 'dueEpisodes'>;

export interface VerifiedReplay {
  /** Hash of the state that follows from the logs. */
  readonly state: string;
  readonly outcomes: number;
  readonly versions: number;
  readonly proposals: number;
  readonly ticks: number;
  /** Draws that were made once more, and those that cannot be: something they rested on is not in the log. */
  readonly draws: number;
  readonly draws_unclear: number;
  /** Line of the last of the learner's entries; 0: there is none. */
  readonly line: number;
  /** In the order of the log; the first {@link MOST_LISTED}. */
  readonly deviations: readonly Deviation[];
  /** How many there are in all. */
  readonly deviating: number;
}

/** Deviations that are held: a log with more of them is no better known. */
export const MOST_LISTED = 1000;
/** Versions whose names are known: what is rolled back is one of the newest. */
const MOST_VERSIONS = 10_000;
const PAGE = 500;

/**
 * Recomputes from the logs alone what each of the learner's entries says. Takes O(entries) time and memory for a page of them,
 * the state, and one bit for each line of the log.
 */
export function verifyReplay(log: ReplayLog): VerifiedReplay {
  const replay = new Replay(log);
  for (let after = 0; ; ) {
    const page = log.learnerEntries(after, PAGE);
    for (const entry of page) replay.take(entry);
    after = page.at(-1)?.line ?? after;
    if (page.length < PAGE) break;
  }
  for (let after = 0; ; ) {
    const page = log.dueEpisodes(after, PAGE);
    for (const { opening } of page) replay.draw(opening);
    after = page.at(-1)?.opening.line ?? after;
    if (page.length < PAGE) return replay.result();
  }
}

class Replay {
  readonly #log: ReplayLog;
  readonly #arms: StandingHistory;
  readonly #people = new PeopleCheck();
  /** Openings from which something was learned. */
  readonly #learned = new BitSet();
  /** Where the incidents of a check are filed, as was said last. */
  readonly #filed = new Map<string, { readonly target: string; readonly mode: string }>();
  #state: LearnState = NOTHING_LEARNED;
  readonly #ticks = new TickCheck();
  /** The newest versions by their names. */
  readonly #versions = new Map<string, Version>();
  #version = 0;
  #line = 0;
  readonly #counts = { versions: 0, ticks: 0, draws: 0, draws_unclear: 0, deviating: 0 };
  readonly #deviations: Deviation[] = [];

  constructor(log: ReplayLog) {
    this.#log = log;
    this.#arms = new StandingHistory(log);
  }

  take(entry: ControlEntry): void {
    this.#line = entry.line;
    this.#ticks.take(entry, this.#state);
    const { action } = entry;
    if (action === ACTION.outcomeLearned) this.#outcome(entry);
    else if (action === ACTION.learningArms) this.#standing(entry);
    else if (action === ACTION.configUpdate) this.#update(entry);
    else if (action === ACTION.changeProposed) this.#proposal(entry);
    else if (action === ACTION.learningTick) this.#tick(entry);
    else this.#note(entry, this.#people.decided(entry));
  }

  draw(opening: ControlEntry): void {
    const found = checkDraw(opening, this.#arms.before(String(opening.metadata.check), opening.line));
    if (found === undefined) this.#counts.draws_unclear += 1;
    else this.#counts.draws += 1;
    this.#note(opening, found ?? []);
  }

  result(): VerifiedReplay {
    return {
      ...{ state: stateHash(this.#state), outcomes: this.#state.outcomes, proposals: this.#people.proposals },
      ...this.#counts,
      ...{ line: this.#line, deviations: this.#deviations },
    };
  }

  #outcome(entry: ControlEntry): void {
    this.#people.other();
    const opening = entry.metadata.opening;
    const episode = typeof opening === 'string' ? this.#log.episodeAt(opening, entry.line) : undefined;
    const checked = checkOutcome(entry, episode);
    this.#note(entry, checked.differences);
    if (episode !== undefined) {
      const isAgain = this.#learned.add(episode.opening.line);
      if (isAgain) this.#note(entry, [broken('metadata.opening', opening, 'an episode that was learned from before')]);
      else this.draw(episode.opening);
    }
    this.#state = foldEntry(this.#state, checked.entry);
    const outcome = readOutcome(checked.entry);
    if (outcome !== undefined) this.#filed.set(outcome.check, { target: outcome.target, mode: outcome.mode });
  }

  #standing(entry: ControlEntry): void {
    this.#people.other();
    const before = this.#arms.before(entry.subject, entry.line);
    this.#note(entry, checkArms(entry, before, this.#state));
    this.#arms.add(entry);
    this.#state = foldEntry(this.#state, entry);
    const { version } = entry.decision;
    if (typeof version === 'number') this.#version = Math.max(this.#version, version);
    const { target, mode } = entry.metadata;
    if (typeof target === 'string' && typeof mode === 'string') this.#filed.set(entry.subject, { target, mode });
  }

  #update(entry: ControlEntry): void {
    const { decision, actor } = entry;
    const version = readVersion(entry);
    const found = [...checkNumber(entry, this.#version), ...checkMoment(entry, this.#state)];
    if (actor !== 'learner') found.push(...this.#byPerson(entry, version));
    else {
      this.#people.other();
      const state = this.#state;
      if (decision.kind !== 'rollback') found.push(...checkChange(entry, this.#checks(entry), state, true));
      else {
        const { harmed } = this.#ticks;
        const facts = { checks: this.#checks(entry), harmed, replaced: this.#replaced(decision.check) };
        found.push(...checkRollback(entry, state, facts));
      }
    }
    this.#note(entry, found);
    this.#ticks.updated(entry);
    this.#counts.versions += 1;
    this.#version = Math.max(this.#version, version?.number ?? 0);
    if (version !== undefined) this.#versions.set(version.id, version);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > MOST_VERSIONS && oldest !== undefined) this.#versions.delete(oldest);
    this.#state = foldEntry(this.#state, entry);
  }

  #byPerson(entry: ControlEntry, version: Version | undefined): Difference[] {
    const stands = version && checkState(this.#state, version.check);
    // The wait of grace.yaml is not known here.
    const now = version?.playbook == null ? stands?.incumbent : own(stands?.waits ?? {}, version.playbook);
    return this.#people.version(entry, this.#versions.get(version?.rolls_back ?? ''), now);
  }

  /** What the version in force has replaced, if that is an order to go back to: not a rollback, to and fro would never end. */
  #replaced(check: unknown): readonly string[] | undefined {
    const made = this.#versions.get(`v${checkState(this.#state, String(check))?.version}`);
    return made !== undefined && made.kind !== 'rollback' && isOrder(made.from) ? made.from : undefined;
  }

  #proposal(entry: ControlEntry): void {
    this.#people.other();
    const { kind } = entry.decision;
    const found = [...this.#people.proposed(entry), ...checkMoment(entry, this.#state)];
    // What detection is proposed rests on probes, and they are not in the logs.
    if (kind !== 'confirm' && kind !== 'threshold') {
      found.push(...checkChange(entry, this.#checks(entry), this.#state, false));
    }
    this.#note(entry, found);
  }

  #tick(entry: ControlEntry): void {
    this.#people.other();
    this.#counts.ticks += 1;
    for (const one of this.#ticks.end(entry, this.#state)) this.#note(one.entry, one.found);
  }

  /** The check that a change is about, with each mode and target under which its incidents can have been filed then. */
  #checks({ decision, metadata, line }: ControlEntry): LearnableCheck[] {
    const name = String(decision.check);
    const next = this.#log
      .learnerEntries(line, PAGE)
      .find(({ action, subject }) => action === ACTION.learningArms && subject === name)?.metadata;
    const { playbooks = null } = metadata;
    const filed = [metadata, this.#filed.get(name), next, this.#arms.before(name, line)?.metadata];
    const all = filed.flatMap((one) => {
      const { target = null, mode = null } = one ?? {};
      return checkSaid(name, { target, mode, playbooks }) ?? [];
    });
    // One that is not in grace.yaml any more has neither.
    if (all.length === 0) all.push(...[checkSaid(name, { target: '', mode: '', playbooks }) ?? []].flat());
    return all.filter(
      (one, i) => all.findIndex(({ target, mode }) => target === one.target && mode === one.mode) === i,
    );
  }

  #note(entry: ControlEntry, found: readonly Difference[]): void {
    this.#counts.deviating += found.length;
    for (const one of found) {
      if (this.#deviations.length < MOST_LISTED) this.#deviations.push(deviationOf(entry, one));
    }
  }
}
