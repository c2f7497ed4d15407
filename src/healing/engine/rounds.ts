import { ageOf } from '../../core/records/moment.js';
import type { Playbook } from '../playbook.js';
import type { Situation } from './situation.js';

/** How often a remedy that may be repeated is tried again after a crash in the middle of it, within one round. */
const MOST_UNKNOWN = 2;

/**
 * A round is one pass through the remedies of a check, a person being the last one. It begins with the episode, or after
 * everything has been given up and the wait is over.
 */
export function roundsGivenUp({ escalation }: Situation): number {
  const rounds = escalation?.metadata.rounds;
  return typeof rounds === 'number' ? rounds : 0;
}

/** The line after which the present round began, if it is not the first. */
export function givenUpAt({ escalation }: Situation): number {
  return escalation?.decision.gave_up === true ? escalation.line : 0;
}

/** Seconds until the next round may begin; 0 within a round. Doubles with each round that was given up. */
export function rearmLeft(situation: Situation): number {
  const { escalation, claims, policy, now } = situation;
  const line = givenUpAt(situation);
  if (escalation === undefined || line === 0 || claims.some((claim) => claim.line > line)) return 0;
  const doublings = Math.min(30, Math.max(0, roundsGivenUp(situation) - 1));
  return Math.min(policy.rearm.most_s, policy.rearm.first_s * 2 ** doublings) - ageOf(escalation, now);
}

/** The remedies that this round has not tried yet, in their order. */
export function untried(situation: Situation, order: readonly Playbook[]): Playbook[] {
  const since = givenUpAt(situation);
  const ofRound = situation.claims.filter(({ line }) => line > since);
  return order.filter((playbook) => {
    const tries = ofRound.filter(({ playbook_id }) => playbook_id === playbook.id);
    const unknown = tries.filter(({ outcome }) => outcome === 'unknown');
    if (tries.length > unknown.length) return false;
    return tries.length === 0 || (isRepeatable(playbook) && unknown.length < MOST_UNKNOWN);
  });
}

/** Whether it may run again when nobody knows how far it came. */
export function isRepeatable(playbook: Playbook): boolean {
  return playbook.steps.every((step) => step.repeatable);
}
