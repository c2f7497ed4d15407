import { type ConfirmRule, confirm } from '../../core/records/confirm-rule.js';
import type { Look } from './looks.js';
import { type PastEpisode, type Spell, type SpellLook, spellsOf } from './spells.js';

/** What one way of detecting would have made of the past, beside that of today. */
export interface Comparison {
  /** That could run. */
  readonly probes: number;
  /** Failures that needed a remedy or lasted, and that are confirmed today. */
  readonly failures: number;
  /** Of these: not confirmed at all. */
  readonly missed: number;
  /** Of the others: seconds later, at the worst; 0: none was confirmed later. */
  readonly latest_s: number;
  /** Σ seconds earlier, less those later. */
  readonly saved_s: number;
  /** Confirmed today, passed by themselves within a short time. */
  readonly false_alarms: number;
  /** The same instead. */
  readonly false_alarms_instead: number;
  /** Confirmed instead and not today, and no failure as far as is known. */
  readonly more: number;
}

export interface Ways {
  readonly today: ConfirmRule;
  readonly instead: ConfirmRule;
  readonly every_s: number;
}

/** Five probes, a minute at least. What lasts longer than a quarter of an hour is an outage, however seldom one looks. */
const SHORT = { probes: 5, least_s: 60, most_s: 900 };

/** Passes in a row after which no rule of those that are tried counts failures on both sides of them. */
const LEAST_SETTLED = 3;

/**
 * Replays both. A spell that needed a remedy is known up to where it is confirmed today: what was seen later is the
 * remedy's doing, so it is taken to have gone on as it had begun. O(probes × `of`).
 */
export function compare(stretches: readonly Look[][], episodes: readonly PastEpisode[], ways: Ways): Comparison {
  const { today, instead, every_s } = ways;
  const short_s = Math.min(SHORT.most_s, Math.max(SHORT.least_s, SHORT.probes * every_s));
  const settled = Math.max(LEAST_SETTLED, today.of - today.need + 1, instead.of - instead.need + 1);
  const found = { failures: 0, missed: 0, latest_s: 0, saved_s: 0, false_alarms: 0, false_alarms_instead: 0, more: 0 };
  for (const spell of spellsOf(stretches, settled, episodes)) {
    const looks = spell.needed ? goneOn(spell.looks, ways) : spell.looks;
    const now_s = confirmedAfter(looks, 'status', today);
    const then_s = confirmedAfter(looks, 'instead', instead);
    const lasted = lastedFor(spell, settled) > short_s;
    if (now_s === undefined) {
      if (then_s !== undefined && !spell.needed) found.more++;
    } else if (spell.needed || lasted) {
      found.failures++;
      if (then_s === undefined) found.missed++;
      else {
        found.latest_s = Math.max(found.latest_s, then_s - now_s);
        found.saved_s += now_s - then_s;
      }
    }
    if (spell.needed || lasted || !spell.begun || spell.over_s === null) continue;
    if (now_s !== undefined) found.false_alarms++;
    if (then_s !== undefined) found.false_alarms_instead++;
  }
  const probes = stretches.flat().filter(({ status }) => status !== 'unknown').length;
  return { probes, ...found };
}

/** As if nobody had done anything once it was confirmed. */
function goneOn(looks: readonly SpellLook[], { today, instead, every_s }: Ways): SpellLook[] {
  const confirmed_s = confirmedAfter(looks, 'status', today);
  const seen = confirmed_s === undefined ? looks : looks.filter(({ s }) => s <= confirmed_s);
  const readable = seen.filter(({ status }) => status !== 'unknown').length;
  const period_s = (seen.at(-1)?.s ?? 0) + every_s;
  // After two rounds and a whole window nothing new comes.
  const rounds = 2 + Math.ceil(Math.max(today.of, instead.of) / Math.max(1, readable));
  return Array.from({ length: rounds }, (_, round) =>
    seen.map((look) => ({ ...look, s: look.s + round * period_s })),
  ).flat();
}

/** Seconds after the first look; `undefined`: never. What could not run counts neither way. */
function confirmedAfter(
  looks: readonly SpellLook[],
  which: 'status' | 'instead',
  rule: ConfirmRule,
): number | undefined {
  const window: string[] = [];
  for (const look of looks) {
    if (look.status === 'unknown') continue;
    window.push(look[which]);
    if (window.length > rule.of) window.shift();
    if (look[which] === 'critical' && confirm(window, rule) === 'confirmed') return look.s;
  }
  return undefined;
}

/** Seconds from failing to passing, as it is judged today: what is judged otherwise instead may have begun long before. */
function lastedFor({ looks, over_s }: Spell, settled: number): number {
  const end: SpellLook[] = over_s === null ? [] : [{ s: over_s, status: 'ok', instead: 'ok' }];
  let longest_s = 0;
  let [from_s, until_s, passes] = [Number.NaN, Number.NaN, settled];
  for (const { s, status } of [...looks, ...end]) {
    if (status === 'critical') {
      if (passes >= settled) from_s = s;
      [until_s, passes] = [s, 0];
    } else if (passes < settled) {
      passes = status === 'ok' ? passes + 1 : 0;
      if (passes === 1) until_s = s;
    }
    if (until_s - from_s > longest_s) longest_s = until_s - from_s;
  }
  return longest_s;
}
