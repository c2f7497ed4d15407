import type { JsonObject } from '../../core/records/json.js';
import type { Now } from '../../core/records/moment.js';
import { parseInstant } from '../../core/records/time.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { EpisodeRecord } from '../../core/registry/queries/episodes.js';
import { outcomeEntry, outcomeOf } from '../outcome/outcome-of.js';
import type { LearnerEntry } from '../state/fold.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences } from './differences.js';

export interface OutcomeChecked {
  readonly differences: readonly Difference[];
  /** What is to be folded: as it follows from the log, where that is known. */
  readonly entry: LearnerEntry;
}

/** An `outcome_learned` entry against the episode that it is about, as that stood before it. */
export function checkOutcome(entry: ControlEntry, episode: EpisodeRecord | undefined): OutcomeChecked {
  const { decision, metadata, actor, subject } = entry;
  if (episode === undefined) {
    const none = 'no episode of a real incident began with such an entry before this line';
    return { differences: [broken('metadata.opening', metadata.opening, none)], entry };
  }
  const now = momentOf(entry);
  const outcome = outcomeOf(episode, now);
  if (outcome === undefined) {
    return { differences: [broken('metadata.opening', metadata.opening, 'an episode that was not over yet')], entry };
  }
  const follows = outcomeEntry(outcome, episode.opening.subject, now);
  // It is read off the entry itself.
  const { clock: _, ...learned } = follows.metadata;
  return {
    differences: [
      ...difference('actor', actor, follows.actor),
      ...difference('resource', subject, follows.resource),
      ...differences(decision, follows.decision, 'decision.'),
      ...differences(metadata, learned, 'metadata.'),
    ],
    entry: { ...entry, decision: follows.decision, metadata: follows.metadata as JsonObject },
  };
}

/** Clocks are written down to a millionth of a second, and may have been rounded down. */
const ROUNDED_S = 1e-6;

/** When an entry was written, as what it decided had it for the present. */
export function momentOf({ boot_id, elapsed_s, at }: Pick<ControlEntry, 'boot_id' | 'elapsed_s' | 'at'>): Now {
  const isClocked = boot_id !== null && elapsed_s !== null;
  return {
    boot_id: isClocked ? boot_id : 'unknown',
    elapsed_s: isClocked ? elapsed_s + ROUNDED_S : 0,
    ms: parseInstant(at) ?? 0,
  };
}
