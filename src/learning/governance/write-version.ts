import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { Json, JsonObject } from '../../core/records/json.js';
import { kept } from '../order/kept.js';
import { readArms } from '../serving/choose-order.js';
import { stateHash } from '../state/state-hash.js';
import { playbooksAsWritten } from '../tick/draft.js';
import { type Change, changeAsWritten, isOrder } from './change.js';
import type { DecisionFacts } from './decision.js';
import type { VersionKind } from './version.js';
import { standsOf } from './why-stale.js';

export interface NewVersion extends Change {
  readonly kind: VersionKind;
  readonly proposal: string | null;
  /** Of a rollback. */
  readonly rolls_back?: string;
  readonly numbers: Json;
  readonly seed: Json;
}

/** A version by a person's word, and the arms from then on. It takes the next number. */
export function writeVersion(version: NewVersion, facts: DecisionFacts): AuditDraft[] {
  const { chronicle, state, by, today } = facts;
  const number = chronicle.next.version;
  const playbooks = playbooksAsWritten(today.check?.playbooks ?? []);
  const isRollback = version.rolls_back !== undefined;
  const decision: JsonObject = {
    ...{ version: number, kind: version.kind, ...changeAsWritten(version) },
    ...{ rule: by.rule, account: by.account, proposal: version.proposal },
    ...(version.rolls_back === undefined ? {} : { reason: 'person', rolls_back: version.rolls_back }),
    hold: isRollback,
  };
  const update: AuditDraft = {
    ...{ actor: by.account, action: ACTION.configUpdate, resource: `v${number}`, decision },
    metadata: {
      ...{ numbers: version.numbers, outcomes: state.outcomes, seed: version.seed, playbooks },
      ...{ state: stateHash(state), ...(by.reason === null ? {} : { note: by.reason }), ...by.facts },
    },
  };
  return [update, armsAfter(version, number, playbooks, facts)];
}

/** What was learned besides stays: the chances of the playbooks, the share of the holdout, the waits of the others. */
function armsAfter(
  { check, playbook, to }: Change,
  number: number,
  playbooks: Json,
  { state, arms, today, by }: DecisionFacts,
): AuditDraft {
  const stands = standsOf(check, today.check, state);
  const said = readArms(arms?.decision);
  // Nothing is tried beside the order that a person has just chosen, until the next tick has looked at it.
  const orders = isOrder(to)
    ? { incumbent: [...to], candidate: [...to], version: number }
    : { incumbent: [...stands.incumbent], candidate: [...stands.candidate], version: stands.version };
  const waits = typeof to === 'number' && playbook !== null ? { ...stands.waits, [playbook]: kept(to) } : stands.waits;
  return {
    ...{ actor: by.account, action: ACTION.learningArms, resource: check },
    decision: {
      ...{ first: [...stands.first], ...orders, holdout: said?.holdout ?? today.holdout },
      ...{ waits: { ...waits }, p: { ...said?.p } },
    },
    metadata: {
      ...{ check, target: today.check?.target ?? '', mode: today.check?.mode ?? '' },
      ...{ playbooks, outcomes: state.outcomes, ...by.facts },
    },
  };
}
