import type { WaitObservation } from '../waits/kaplan-meier.js';

/** What is learned from one episode: the metadata of its `outcome_learned` entry. Plain JSON. */
export interface Outcome {
  /** Entry id of the opening. */
  readonly opening: string;
  readonly check: string;
  readonly target: string;
  readonly mode: string;
  /** As the opening says; `null` where it was written before there was any learning, or by hand. */
  readonly arm: string | null;
  readonly order: readonly string[];
  /** The probability, over all arms, that the frozen first order was to be served (0, 1, or at least 1e-6 from both), and whether it was. */
  readonly holdout: boolean;
  readonly holdout_share: number;
  /** Whether the arms had different orders. */
  readonly differs: boolean;
  /** The chance that was predicted for the first playbook of the order. */
  readonly predicted: number | null;
  /** In the order they were tried, up to the first that a person had been asked for; those with an unknown end left out. */
  readonly tried: readonly { readonly playbook: string; readonly worked: boolean; readonly seconds: number }[];
  readonly waits: readonly ({ readonly playbook: string } & WaitObservation)[];
  /** From onset to the verdict that it has recovered; `null` where it did not, or only with a person. */
  readonly recovered_s: number | null;
  readonly relapsed: boolean;
  /** A person was asked for, or closed it by hand. */
  readonly escalated: boolean;
  /** Claims of which nobody knows how they ended. */
  readonly unknown: number;
  /** What it counts for. */
  readonly counts: { readonly order: boolean; readonly waits: boolean; readonly effect: boolean };
  /** Why it does not count for something; a stable word each. */
  readonly left_out: readonly LeftOut[];
}

export type LeftOut =
  /** Nothing was tried before a person was asked for. */
  | 'person_first'
  /** An attempt has an unknown end: order and waits are not learned from what may have had two causes. */
  | 'unknown_attempt'
  /** Another grace.yaml came into force during the episode: it was not handled as it was drawn. */
  | 'config_changed'
  /** The opening names no arm: it was written before there was learning. */
  | 'no_arm'
  /** What is needed is not in the entries (written by an earlier version, or cut off by a rotation). */
  | 'incomplete';
