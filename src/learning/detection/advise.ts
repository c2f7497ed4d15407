import type { ConfirmRule } from '../../core/records/confirm-rule.js';
import type { DetectionAdvice } from '../tick/facts.js';
import { type Comparison, compare } from './comparison.js';
import { avoidedBy, meritOf } from './judge.js';
import { MOST_PROBES, type StoredProbe, stretchesOf } from './looks.js';
import { calmerReason, soonerReason } from './reason.js';
import type { PastEpisode } from './spells.js';

export interface ConfirmedCheck {
  readonly name: string;
  readonly confirm: ConfirmRule;
  /** From one probe to the next, seconds. */
  readonly every_s: number;
  /** It fails by what happens: that it passes afterwards does not say that nothing was wrong. Nothing is advised. */
  readonly countsEvents?: boolean | undefined;
}

/** What else could be in force. No window is longer: what waits longer hides outages, and a person can still write it. */
export const CONFIRM_RULES: readonly ConfirmRule[] = [
  ...[{ need: 1, of: 1 }],
  ...[2, 3].map((of) => ({ need: 2, of })),
  ...[3, 5].map((of) => ({ need: 3, of })),
  ...[4, 5].map((need) => ({ need, of: 5 })),
];

interface Tried {
  readonly rule: ConfirmRule;
  readonly found: Comparison;
}

/**
 * Another confirm count, if stored probes show that it would have been better: one with fewer false alarms, if there is
 * one, and the fastest of those, the least strict where it avoids as many; else one that is faster, and the strictest of the fastest. Probes oldest first; of more
 * than 2,000 the newest. O(probes × rules).
 */
export function adviseConfirm(
  check: ConfirmedCheck,
  probes: readonly StoredProbe[],
  episodes: readonly PastEpisode[],
): DetectionAdvice | undefined {
  const { name, confirm: today, every_s } = check;
  if (check.countsEvents === true) return undefined;
  const stretches = stretchesOf(probes.slice(-MOST_PROBES), every_s);
  const tried = CONFIRM_RULES.filter((rule) => rule.need !== today.need || rule.of !== today.of).map((rule) => ({
    rule,
    found: compare(stretches, episodes, { today, instead: rule, every_s }),
  }));
  const advice = { check: name, kind: 'confirm', from: spelled(today) } as const;
  const [calmer] = withMerit(tried, 'calmer').sort(
    (a, b) => a.rule.need - b.rule.need || avoidedBy(b.found) - avoidedBy(a.found) || b.rule.of - a.rule.of,
  );
  if (calmer) {
    const delay_s = (calmer.rule.need - today.need) * every_s;
    return { ...advice, to: spelled(calmer.rule), ...calmerReason(calmer.found, delay_s) };
  }
  const [sooner] = withMerit(tried, 'sooner').sort(
    (a, b) => b.found.saved_s - a.found.saved_s || b.rule.need - a.rule.need || a.rule.of - b.rule.of,
  );
  return sooner && { ...advice, to: spelled(sooner.rule), ...soonerReason(sooner.found) };
}

function withMerit(tried: readonly Tried[], merit: 'calmer' | 'sooner'): Tried[] {
  return tried.filter(({ found }) => meritOf(found) === merit);
}

function spelled({ need, of }: ConfirmRule): string {
  return `${need} of ${of}`;
}
