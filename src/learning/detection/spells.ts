import { parseInstant } from '../../core/records/time.js';
import type { Look, Status } from './looks.js';

/** What became of a confirmed failure. */
export interface PastEpisode {
  /** Its first failing probe, UTC. */
  readonly onset_at: string;
  /** Whether a remedy ran. */
  readonly acted: boolean;
  /** Whether the check passed again without a remedy or a person. */
  readonly recovered_by_itself: boolean;
}

/** Critical probes that belong together: from the first of them until the check has passed often enough. */
export interface Spell {
  /** Up to the last critical one. */
  readonly looks: readonly SpellLook[];
  /** False: how long it had lasted before its first probe is not known. */
  readonly begun: boolean;
  /** Seconds until it passed for good; `null`: nobody saw that. */
  readonly over_s: number | null;
  /** A remedy or a person had to end it, as far as an episode says. */
  readonly needed: boolean;
}

export interface SpellLook {
  /** Seconds since the first. */
  readonly s: number;
  readonly status: Status;
  readonly instead: Status;
}

/**
 * The spells of stretches, oldest first. A probe is critical here if it is so in either of its judgements. `settled`: passes
 * in a row after which a spell is over. What needed a remedy and still failed when probes went missing goes on after the
 * gap and is not told twice.
 */
export function spellsOf(stretches: readonly Look[][], settled: number, episodes: readonly PastEpisode[]): Spell[] {
  const needs = onsetsNeeding(episodes);
  const spells: Spell[] = [];
  let held = false;
  for (const looks of stretches) {
    if (looks.every(({ status }) => status === 'unknown')) continue;
    let stillHeld = false;
    for (const bounds of boundsIn(looks, settled)) {
      const spell = spellIn(looks, bounds, needs);
      const goesOn: boolean = held && !spell.begun;
      if (spell.needed || !goesOn) spells.push(spell);
      stillHeld = (spell.needed || goesOn) && spell.over_s === null;
    }
    held = stillHeld;
  }
  return spells;
}

/** Indexes of looks. */
interface Bounds {
  readonly first: number;
  readonly lastCritical: number;
  /** The first of the passes that ended it. */
  readonly over: number | null;
  readonly last: number;
}

function boundsIn(looks: readonly Look[], settled: number): Bounds[] {
  const found: Bounds[] = [];
  let [first, lastCritical, passes, passing] = [-1, -1, 0, -1];
  for (const [i, look] of looks.entries()) {
    if (isCritical(look)) {
      if (first < 0) first = i;
      [lastCritical, passes] = [i, 0];
    } else if (first >= 0) {
      passes = look.status === 'ok' ? passes + 1 : 0;
      if (passes === 1) passing = i;
      if (passes < settled) continue;
      found.push({ first, lastCritical, over: passing, last: i });
      [first, passes] = [-1, 0];
    }
  }
  if (first >= 0) found.push({ first, lastCritical, over: null, last: looks.length - 1 });
  return found;
}

function isCritical({ status, instead }: Look): boolean {
  return status === 'critical' || instead === 'critical';
}

function spellIn(
  looks: readonly Look[],
  { first, lastCritical, over, last }: Bounds,
  needs: (from_ms: number, to_ms: number) => boolean,
): Spell {
  const from_ms = looks[first]?.ms ?? Number.NaN;
  const since = (look: Look | undefined) => ((look?.ms ?? Number.NaN) - from_ms) / 1000;
  return {
    looks: looks
      .slice(first, lastCritical + 1)
      .map((look) => ({ s: since(look), status: look.status, instead: look.instead })),
    begun: looks.slice(0, first).some(({ status }) => status !== 'unknown'),
    over_s: over === null ? null : since(looks[over]),
    needed: needs(from_ms, looks[last]?.ms ?? Number.NaN),
  };
}

/** Whether an episode that did not pass by itself began between two instants, both included. */
function onsetsNeeding(episodes: readonly PastEpisode[]): (from_ms: number, to_ms: number) => boolean {
  const onsets = episodes
    .filter(({ acted, recovered_by_itself }) => acted || !recovered_by_itself)
    .flatMap(({ onset_at }) => parseInstant(onset_at) ?? [])
    .sort((a, b) => a - b);
  return (from_ms, to_ms) => {
    let [low, high] = [0, onsets.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((onsets[middle] ?? 0) < from_ms) low = middle + 1;
      else high = middle;
    }
    const next = onsets[low];
    return next !== undefined && next <= to_ms;
  };
}
