import type { ControlEntry } from '../../core/registry/queries/control.js';
import { isOrder, isSameSetting } from './change.js';
import type { Chronicle, LearnedOutcome, VersionStory } from './chronicle.js';

/** What was learned of a check before that line, newest first. */
export function evidenceBefore(chronicle: Chronicle, check: string, line: number, limit: number): LearnedOutcome[] {
  const before = chronicle.outcomes.filter((one) => one.outcome.check === check && one.line < line);
  return before.slice(-limit).reverse();
}

/** What was learned from episodes that began under a version, as long as it was in force. */
export interface Since {
  /** Episodes of the check, in whatever order they were handled. */
  readonly incidents: number;
  /** Of them those in the frozen first order, for comparison. */
  readonly holdout: number;
  /** Those in the order of the version; of a wait, all. What follows is of these alone. */
  readonly served: number;
  /** Of the recovered ones, seconds. */
  readonly recovered: number;
  readonly mean_s: number | null;
  readonly median_s: number | null;
  readonly relapsed: number;
  readonly escalated: number;
  /** Episodes of which the first playbook of the order was tried with a prediction: how many, how many it worked in, and Σ of the predictions. */
  readonly first: { readonly n: number; readonly worked: number; readonly predicted: number };
  /** Of a wait: how often it was waited for health after that playbook. */
  readonly waits: {
    readonly n: number;
    readonly given_up: number;
    /** Of those that became healthy, seconds. */
    readonly median_s: number | null;
  } | null;
}

export function sinceVersion(chronicle: Chronicle, version: VersionStory): Since {
  const { check, playbook, to, entry, fate } = version;
  const until = fate.now === 'in_force' ? Number.POSITIVE_INFINITY : fate.line;
  const all = chronicle.outcomes.filter(({ outcome }) => {
    const opened = lineOf(outcome.opening);
    return outcome.check === check && opened > entry.line && opened < until;
  });
  const served = all.filter(({ outcome }) => !isOrder(to) || isSameSetting(outcome.order, to));
  const recovered = served.flatMap(({ outcome: { recovered_s } }) => (recovered_s === null ? [] : [recovered_s]));
  const firsts = served.flatMap(({ outcome }) => {
    const [first] = outcome.tried;
    const isFirst = first !== undefined && first.playbook === outcome.order[0];
    return isFirst && outcome.predicted !== null ? [{ worked: first.worked, predicted: outcome.predicted }] : [];
  });
  const waits = all.flatMap(({ outcome }) => outcome.waits.filter((one) => one.playbook === playbook));
  return {
    incidents: all.length,
    holdout: count(all, ({ outcome }) => outcome.holdout),
    served: served.length,
    recovered: recovered.length,
    mean_s: recovered.length === 0 ? null : sumOf(recovered) / recovered.length,
    median_s: medianOf(recovered),
    relapsed: count(served, ({ outcome }) => outcome.relapsed),
    escalated: count(served, ({ outcome }) => outcome.escalated),
    first: {
      n: firsts.length,
      worked: count(firsts, ({ worked }) => worked),
      predicted: sumOf(firsts.map(({ predicted }) => predicted)),
    },
    waits:
      playbook === null
        ? null
        : {
            n: waits.length,
            given_up: count(waits, ({ healthy }) => !healthy),
            median_s: medianOf(waits.flatMap(({ healthy, seconds }) => (healthy ? [seconds] : []))),
          },
  };
}

/** Where an entry of grace's own stands in the log; 0 for an id that does not say it. */
function lineOf(entry_id: ControlEntry['entry_id']): number {
  return Number(/^log_([1-9]\d{0,14})_/.exec(entry_id)?.[1] ?? 0);
}

function medianOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] as number)) / 2;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function count<T>(list: readonly T[], is: (one: T) => boolean): number {
  return list.filter(is).length;
}
