import { ACTION } from '../../core/records/audit-actions.js';
import type { JsonObject } from '../../core/records/json.js';
import { type Change, changeAsWritten } from '../governance/change.js';
import type { VersionKind } from '../governance/version.js';
import { stateHash } from '../state/state-hash.js';
import { playbooksAsWritten, type TickDraft } from './draft.js';
import type { LearnablePlaybook } from './facts.js';
import { versionTask } from './tick-tasks.js';
import { appliedWords } from './words.js';

export interface NewVersion extends Change {
  readonly kind: VersionKind;
  readonly rule: string;
  readonly numbers: JsonObject;
  readonly seed: string | null;
  readonly rollback?: Rollback;
}

export interface Rollback {
  readonly reason: 'harm' | 'surprises';
  /** The number of the version that ends. */
  readonly of: number | null;
  readonly hold: boolean;
  /** Besides what every version has in its metadata. */
  readonly more: JsonObject;
}

/** A version that the learner makes by itself: it takes the next number, and is a task that is done at once. */
export function writeVersion(
  draft: TickDraft,
  { playbooks }: { readonly playbooks: readonly LearnablePlaybook[] },
  version: NewVersion,
): void {
  const { kind, rule, numbers, seed, rollback } = version;
  const number = draft.nextVersion();
  const back: JsonObject = rollback
    ? {
        reason: rollback.reason,
        ...(rollback.of === null ? {} : { rolls_back: `v${rollback.of}` }),
        ...(rollback.hold ? { hold: true } : {}),
      }
    : {};
  const decision = {
    ...{ version: number, kind, ...changeAsWritten(version) },
    ...{ rule, account: 'learner', proposal: null, ...back },
  };
  const words = appliedWords(`v${number}`, version, rollback?.reason ?? null);
  draft.write(ACTION.configUpdate, `v${number}`, decision, {
    ...{ numbers, outcomes: draft.state.outcomes, seed, playbooks: playbooksAsWritten(playbooks) },
    ...{ state: stateHash(draft.state), ...rollback?.more },
  });
  for (const step of ['task_registered', 'task_completed'] as const) {
    draft.add(versionTask(step, `v${number}`, draft.facts.now, words));
  }
  (rollback ? draft.said.rolled_back : draft.said.applied).push(words);
}
