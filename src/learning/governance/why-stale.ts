import { isJsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { own } from '../order/tally.js';
import { checkState, newCheckState } from '../state/check-state.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import type { LearnableCheck, LearningMode } from '../tick/facts.js';
import { type Change, isOrder, isSameSetting, type Setting } from './change.js';
import type { DetectionField } from './detection-edit.js';
import { settingWords } from './setting-words.js';

/** What grace.yaml says today of the check that a change is about. */
export interface Today {
  readonly mode: LearningMode;
  /** 0–1. */
  readonly holdout: number;
  /** `undefined`: it names no such check. */
  readonly check: LearnableCheck | undefined;
  /** How it detects. */
  readonly detection: readonly DetectionField[];
}

/** Why a learned order or wait could not be served, whoever wants it; `undefined`: nothing is in the way. */
export function whyNotServed(change: Change, { mode, check }: Today, state: LearnState): string | undefined {
  const name = change.check;
  if (check === undefined) return `grace.yaml has no check ${name} any more`;
  if (mode === 'off') return 'learning.mode is off in grace.yaml: nothing that was learned is served';
  if (!check.learn) return `grace.yaml says learn: false for ${name}: nothing that was learned is served there`;
  const listed = check.playbooks.map(({ id }) => id);
  const named = [change.playbook ?? [], change.from, change.to].flatMap((one) =>
    typeof one === 'number' ? [] : (one as string | readonly string[]),
  );
  const missing = named.find((id) => !listed.includes(id));
  if (missing !== undefined) return `${missing} is no remedy of ${name} in grace.yaml any more`;
  const first = standsOf(name, check, state).first;
  if (isSameSetting(first, listed)) return undefined;
  return `grace.yaml lists ${settingWords(listed)} for ${name}, and no longer ${settingWords(first)}: what was learned of that order is not served`;
}

/**
 * Why the waits that were learned may not hold any more; `undefined`: they do. Another `within` takes the place of what was
 * learned at the next tick, and would be passed over by whoever writes the arms before it.
 */
export function whyUnsettled(
  { check }: Today,
  state: LearnState,
  arms: Pick<ControlEntry, 'metadata'> | undefined,
): string | undefined {
  const { playbooks: written = null } = arms?.metadata ?? {};
  const then = Array.isArray(written) ? written.filter(isJsonObject) : [];
  const learned = (check && checkState(state, check.name)?.waits) ?? {};
  for (const { id, within_s } of check?.playbooks ?? []) {
    const before = then.find((one) => one.id === id)?.within_s;
    if (!Object.hasOwn(learned, id) || typeof before !== 'number' || before === within_s) continue;
    const changed = `within of ${id} is ${settingWords(within_s)} in grace.yaml now, and no longer ${settingWords(before)}`;
    return `${changed}: the next \`grace learn tick\` takes that in first`;
  }
  return undefined;
}

/** Why a wait may not be what its author has ruled out since; `undefined`: it may. */
export function whyOutOfBounds({ playbook, to }: Change, { check }: Today): string | undefined {
  const bounds = check?.playbooks.find(({ id }) => id === playbook)?.bounds;
  if (bounds == null || typeof to !== 'number' || (to >= bounds.least_s && to <= bounds.most_s)) return undefined;
  const [least, most] = [bounds.least_s, bounds.most_s].map(settingWords);
  return `${settingWords(to)} lies outside ${least} to ${most}, which grace.yaml says now for the wait after ${playbook}`;
}

/** Why something else holds now than what a change starts from; `undefined`: it still holds. */
export function whyMoved(change: Change, today: Today, state: LearnState): string | undefined {
  const now = standingNow(change, today, state);
  if (now === undefined || isSameSetting(now, change.from)) return undefined;
  const what = change.playbook === null ? change.check : `the wait after ${change.playbook} for ${change.check}`;
  return `${what} is at ${settingWords(now)} now, and not at ${settingWords(change.from)}, from which this starts`;
}

/** What holds of an order or a wait: what was learned, else what grace.yaml says. */
function standingNow(
  { check: name, playbook, from }: Change,
  { check }: Today,
  state: LearnState,
): Setting | undefined {
  const stands = standsOf(name, check, state);
  if (isOrder(from)) return stands.incumbent;
  if (playbook === null) return undefined;
  return own(stands.waits, playbook) ?? check?.playbooks.find(({ id }) => id === playbook)?.within_s;
}

/** What holds for a check; as in grace.yaml where no order of it is known. */
export function standsOf(name: string, check: LearnableCheck | undefined, state: LearnState): CheckState {
  const known = checkState(state, name);
  if (known !== undefined && known.first.length > 0) return known;
  const listed = check?.playbooks.map(({ id }) => id) ?? [];
  return { ...newCheckState(listed), ...(known && { waits: known.waits }) };
}
