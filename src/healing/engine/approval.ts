import { ageOf } from '../../core/records/moment.js';
import type { Playbook } from '../playbook.js';
import type { Situation } from './situation.js';

/**
 * Why this playbook lacks the approval that it needs. One that was given names the incident, the playbook and the
 * configuration; it is void when any of them has changed, when the episode is over, when it has run out, or when it has
 * been used.
 */
export function approvalFault(situation: Situation, playbook: Playbook): string | undefined {
  const autonomy = situation.policy.autonomy[playbook.risk];
  if (autonomy === 'auto') return undefined;
  if (autonomy === 'never') return `policy.autonomy.${playbook.risk} is never: a person runs ${playbook.id}`;
  const why = whyVoid(situation, playbook);
  return why === undefined ? undefined : `${playbook.id} has risk ${playbook.risk} and needs an approval${why}`;
}

function whyVoid({ approval, claims, config_version, policy, now }: Situation, playbook: Playbook): string | undefined {
  if (approval === undefined) return '';
  const { decision } = approval;
  if (decision.playbook_id !== playbook.id) return `; the one that was given is for ${String(decision.playbook_id)}`;
  if (decision.config_version !== config_version) return '; the configuration has changed since one was given';
  if (ageOf(approval, now) >= policy.approval_expires_s) return '; the one that was given has run out';
  if (claims.some(({ line }) => line > approval.line)) return '; the one that was given has been used';
  return undefined;
}

/** The rule under which a playbook may run that no rail holds back. */
export function allowedBy({ policy, approval, account }: Situation, playbook: Playbook): string {
  const { risk } = playbook;
  return policy.autonomy[risk] === 'auto'
    ? `${account.rule}; policy.autonomy.${risk}: auto`
    : `${account.rule}; approval ${approval?.entry_id ?? ''} by ${approval?.actor ?? ''}`;
}
