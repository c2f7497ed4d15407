import { ACTION } from '../../core/records/audit-actions.js';
import { isJsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { effectVerdict } from '../effect/verdict.js';
import { readOutcome } from '../outcome/read-outcome.js';
import type { LearnState } from '../state/learn-state.js';
import { LEARNING_RULES } from '../state/rules.js';
import { canonical, stateHash } from '../state/state-hash.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences } from './differences.js';

/** The share of the holdout once it is proven that learning helps. */
const PROVEN_HOLDOUT = 0.1;

const COUNTS = ['outcomes', 'left_out', 'applied', 'proposed', 'rolled_back'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

/** An entry that rests on what grace.yaml said, which only the tick at its end tells. */
interface Resting {
  readonly entry: ControlEntry;
  readonly check: string;
  /** The share of the holdout is that of grace.yaml, or the smaller one. */
  readonly proven: boolean;
}

/** What one tick has written so far: all of it has the same clock. */
export class TickCheck {
  #clock = '';
  #first = 0;
  /** The last of the learner's entries before it. */
  #before = 0;
  #last = 0;
  #counts: Counts = noCounts();
  #resting: Resting[] = [];
  /** By check: the configuration under which its playbooks were named last, and how. */
  readonly #about = new Map<string, { readonly config_version: unknown; readonly about: string }>();
  /** A rollback for harm was written since the last tick that came to its end. */
  harmed = false;

  /** Every entry of the learner and of people about it, in their order; `state` is that before it. */
  take(entry: ControlEntry, state: LearnState): void {
    const clock = entry.actor === 'learner' ? canonical(entry.metadata.clock ?? null) : '';
    if (clock === '' || clock !== this.#clock) this.#begin(entry, clock);
    this.#last = entry.line;
    if (entry.actor !== 'learner') return;
    this.#count(entry);
    const check = entry.action === ACTION.learningArms ? entry.subject : entry.decision.check;
    if (typeof check === 'string' && Array.isArray(entry.metadata.playbooks)) {
      const proven = effectVerdict(state.effect, { reproducible: true }).verdict === 'PASS';
      this.#resting.push({ entry, check, proven });
    }
  }

  /** After a version was looked at: other rollbacks for the same harm may follow it. */
  updated({ actor, decision }: ControlEntry): void {
    this.harmed ||= actor === 'learner' && decision.kind === 'rollback' && decision.reason === 'harm';
  }

  /** The `learning_tick` that ends it. Answers what is wrong with it, and with others that rest on the same configuration. */
  end(entry: ControlEntry, state: LearnState): { readonly entry: ControlEntry; readonly found: Difference[] }[] {
    const { decision, metadata } = entry;
    const lines = isJsonObject(metadata.prefix) ? metadata.prefix.lines : undefined;
    // The task of the tick itself comes first.
    const isPrefix = Number.isSafeInteger(lines) && Number(lines) >= this.#before && Number(lines) < this.#first - 1;
    const bounds = `from ${this.#before} to ${this.#first - 2}: all before it, and neither its task nor anything else of its own`;
    const own = [
      ...differences(metadata, { state: stateHash(state) }, 'metadata.'),
      ...differences(decision, this.#counts, 'decision.'),
      ...(isPrefix ? [] : [broken('metadata.prefix.lines', lines, bounds)]),
      ...difference('metadata.rules', metadata.rules, LEARNING_RULES),
      ...this.#modeOf(metadata.mode),
    ];
    const others = this.#resting.map((one) => ({ entry: one.entry, found: this.#rests(one, entry) }));
    this.#counts = noCounts();
    this.#resting = [];
    this.harmed = false;
    this.#clock = '';
    return [{ entry, found: own }, ...others];
  }

  #begin({ line }: ControlEntry, clock: string): void {
    this.#clock = clock;
    this.#first = line;
    this.#before = this.#last;
    this.#counts = noCounts();
    this.#resting = [];
  }

  #count(entry: ControlEntry): void {
    const { action, decision } = entry;
    const counts = this.#counts;
    if (action === ACTION.changeProposed) counts.proposed += 1;
    if (action === ACTION.configUpdate) {
      counts[decision.kind === 'rollback' ? 'rolled_back' : 'applied'] += 1;
    }
    if (action !== ACTION.outcomeLearned) return;
    counts.outcomes += 1;
    const outcome = readOutcome(entry);
    const counted = outcome === undefined || Object.values(outcome.counts).some((one) => one);
    counts.left_out += counted ? 0 : 1;
  }

  #modeOf(mode: unknown): Difference[] {
    if (this.#counts.applied > 0) return difference('metadata.mode', mode, 'apply');
    return mode === 'apply' || mode === 'propose' ? [] : [broken('metadata.mode', mode, 'apply or propose')];
  }

  #rests({ entry, check, proven }: Resting, { metadata }: ControlEntry): Difference[] {
    const { holdout, config_version } = metadata;
    const isArms = entry.action === ACTION.learningArms;
    const share = proven && typeof holdout === 'number' ? Math.min(holdout, PROVEN_HOLDOUT) : holdout;
    const playbooks = entry.metadata.playbooks as unknown[];
    const about = canonical(playbooks);
    const known = this.#about.get(check);
    // Of a check that is not in grace.yaml none are named.
    if (playbooks.length > 0 && known?.config_version !== config_version)
      this.#about.set(check, { config_version, about });
    const isSame = known === undefined || known.config_version !== config_version || known.about === about;
    return [
      ...(isArms ? difference('decision.holdout', entry.decision.holdout, share) : []),
      ...(isSame || playbooks.length === 0
        ? []
        : [broken('metadata.playbooks', playbooks, 'others, by earlier entries under the same configuration')]),
    ];
  }
}

function noCounts(): Counts {
  return { outcomes: 0, left_out: 0, applied: 0, proposed: 0, rolled_back: 0 };
}
