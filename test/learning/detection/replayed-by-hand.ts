import type { ConfirmRule } from '../../../src/core/records/confirm-rule.js';
import type { Comparison } from '../../../src/learning/detection/comparison.js';
import type { StoredProbe } from '../../../src/learning/detection/looks.js';
import type { PastEpisode } from '../../../src/learning/detection/spells.js';

interface One {
  readonly t: number;
  /** o, w, c or u. */
  readonly letter: string;
}

/**
 * The replay a second time, with nothing shared: rules run over whole stretches with windows that reach back as far as they
 * like, spells are found by an expression, and what goes on does so for a thousand rounds.
 */
export function replayedByHand(
  probes: readonly StoredProbe[],
  episodes: readonly PastEpisode[],
  today: ConfirmRule,
  instead: ConfirmRule,
  every_s: number,
): Comparison {
  const ones = probes.map(({ at, status }) => ({
    t: Date.parse(at) / 1000,
    letter: ['ok', 'warning', 'critical'].includes(status) ? (status[0] ?? '') : 'u',
  }));
  const cuts = ones.flatMap(({ t }, i) => {
    const before = ones[i - 1];
    return before === undefined || t - before.t > 3 * (every_s + (probes[i - 1]?.duration_s ?? 0)) + 1 || t < before.t
      ? [i]
      : [];
  });
  const stretches = cuts.map((from, k) => ones.slice(from, cuts[k + 1]));
  const settled = Math.max(3, ...[today, instead].map(({ need, of }) => of - need + 1));
  const short_s = Math.max(60, Math.min(900, 5 * every_s));
  const total = { failures: 0, missed: 0, latest_s: 0, saved_s: 0, false_alarms: 0, false_alarms_instead: 0, more: 0 };
  let heldOver = false;
  for (const stretch of stretches) {
    const text = stretch.map(({ letter }) => letter).join('');
    if (/^u*$/.test(text)) continue;
    let open = false;
    for (const match of text.matchAll(new RegExp(`c.*?(?:o{${settled}}|$)`, 'g'))) {
      const [spelled] = match;
      const isOver = spelled.endsWith('o'.repeat(settled));
      const [from, to] = [match.index, match.index + spelled.length - 1];
      const time = (i: number) => stretch[i]?.t ?? Number.NaN;
      const needed = episodes.some(({ acted, recovered_by_itself, onset_at }) => {
        const onset = Date.parse(onset_at) / 1000;
        return !(recovered_by_itself && !acted) && onset >= time(from) && onset <= time(to);
      });
      const begun = /[owc]/.test(text.slice(0, from));
      const goesOn: boolean = heldOver && !begun;
      open = !isOver && (needed || goesOn);
      if (goesOn && !needed) continue;

      const lastCritical = text.lastIndexOf('c', to);
      const alarm = (rule: ConfirmRule) =>
        alarms(stretch, rule).find((t) => t >= time(from) && t <= time(lastCritical));
      const lasted_s = (isOver ? time(to - settled + 1) : time(lastCritical)) - time(from);
      let [now, then] = [alarm(today), alarm(instead)];
      if (needed) {
        const seen = stretch.slice(from, lastCritical + 1).filter(({ t }) => now === undefined || t <= now);
        const round_s = (seen.at(-1)?.t ?? 0) - time(from) + every_s;
        const on = Array.from({ length: 40 }, (_, k) =>
          seen.map(({ t, letter }) => ({ t: t + k * round_s, letter })),
        ).flat();
        [now, then] = [alarms(on, today)[0], alarms(on, instead)[0]];
      }
      const isFailure = needed || lasted_s > short_s;
      if (now === undefined && then !== undefined && !needed) total.more++;
      if (now !== undefined && isFailure) {
        total.failures++;
        if (then === undefined) total.missed++;
        else {
          total.latest_s = Math.max(total.latest_s, then - now);
          total.saved_s += now - then;
        }
      }
      if (isFailure || !isOver || !begun) continue;
      if (now !== undefined) total.false_alarms++;
      if (then !== undefined) total.false_alarms_instead++;
    }
    heldOver = open;
  }
  return { probes: ones.filter(({ letter }) => letter !== 'u').length, ...total };
}

/** When a rule would have spoken, at every critical probe at which it holds. */
function alarms(stretch: readonly One[], { need, of }: ConfirmRule): number[] {
  const readable = stretch.filter(({ letter }) => letter !== 'u');
  return readable.flatMap(({ t, letter }, i) => {
    let bad = 0;
    for (let k = Math.max(0, i - of + 1); k <= i; k++) if (readable[k]?.letter === 'c') bad++;
    return letter === 'c' && bad >= need ? [t] : [];
  });
}
