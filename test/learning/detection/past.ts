import type { StoredProbe } from '../../../src/learning/detection/looks.js';
import type { PastEpisode } from '../../../src/learning/detection/spells.js';

export const EVERY_S = 10;
const START = Date.parse('2026-11-01T00:00:00.000Z');

const LETTERS: Readonly<Record<string, string>> = {
  o: 'ok',
  w: 'warning',
  c: 'critical',
  u: 'unknown',
  '?': 'PENDING',
};

export function at(i: number, every_s = EVERY_S): string {
  return new Date(START + i * every_s * 1000).toISOString();
}

/** One probe a letter, `every_s` apart; a blank is a probe that is missing. */
export function probesIn(text: string, every_s = EVERY_S): StoredProbe[] {
  return [...text].flatMap((letter, i) => {
    const status = LETTERS[letter];
    return status === undefined ? [] : [{ at: at(i, every_s), status, duration_s: 0.01, perfdata: null }];
  });
}

/** An episode for every letter of `text` that is `R` (a remedy ran), `P` (a person ended it) or `S` (it passed by itself). */
export function episodesIn(text: string): PastEpisode[] {
  return [...text].flatMap((letter, i) =>
    'RPS'.includes(letter) && letter !== ' '
      ? [{ onset_at: at(i), acted: letter === 'R', recovered_by_itself: letter === 'S' }]
      : [],
  );
}
