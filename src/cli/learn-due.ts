import { ACTION } from '../core/records/audit-actions.js';
import { ageOf, type Now } from '../core/records/moment.js';
import type { ControlView } from '../core/registry/queries/control.js';
import type { EpisodeRecord } from '../core/registry/queries/episodes.js';
import { closingOf } from '../learning/outcome/closing.js';

/** Episodes that are read at once. */
const PAGE = 200;

/** The episodes from which nothing has been learned yet. */
export interface Due {
  /** Those that are over, oldest first; at most so many as were asked for. */
  readonly closed: readonly EpisodeRecord[];
  /** There are more that are over. */
  readonly more: boolean;
  /** Those that have recovered and may still relapse, and those under way; of all that were read. */
  readonly settling: number;
  readonly open: number;
  /** Seconds from now until the first of them may be over with no more said of it; `null`: time alone ends none. */
  readonly next_s: number | null;
}

export function dueOf(view: ControlView, now: Now, most: number): Due {
  const closed: EpisodeRecord[] = [];
  let [settling, open] = [0, 0];
  let next_s: number | null = null;
  for (let after = 0; ; ) {
    const page = view.dueEpisodes(after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return { closed, more: false, settling, open, next_s };
    after = last.opening.line;
    for (const episode of page) {
      if (closingOf(episode, now) === undefined) {
        const left_s = settlesIn(episode, now);
        if (left_s === null) open++;
        else {
          settling++;
          next_s = Math.min(next_s ?? left_s, left_s);
        }
      } else if (closed.length < most) closed.push(episode);
      else return { closed, more: true, settling, open, next_s };
    }
  }
}

/**
 * Seconds after which an episode that is not over may be, with no more said of it; never too many, and `null` where time
 * alone does not end it. Whichever relapse window closes first: of several, learning may go by another.
 */
export function settlesIn({ opening, claims, said }: EpisodeRecord, now: Now): number | null {
  const { relapse_s } = opening.metadata;
  const windows = [
    ...claims.flatMap(({ outcome, ended, relapse_s }) => (outcome === 'worked' ? [{ at: ended, relapse_s }] : [])),
    ...said.flatMap((at) => (at.action === ACTION.incidentRecovered ? [{ at, relapse_s }] : [])),
  ];
  const left = windows.flatMap(({ at, relapse_s }) =>
    at !== null && typeof relapse_s === 'number' ? [relapse_s - ageOf(at, now)] : [],
  );
  const ahead = left.filter((s) => s > 0);
  return ahead.length === 0 ? null : Math.min(...ahead);
}

/** Seconds for which an episode that is over could have been learned from at that moment; `null` where that is not known. */
export function overdueFor(episode: EpisodeRecord, at: Now): number | null {
  const closing = closingOf(episode, at);
  if (closing === undefined) return null;
  const { opening, next, said } = episode;
  if (closing.relapsed || closing.by === 'reopened') return next === undefined ? null : ageOf(next, at);
  if (closing.by === 'person') {
    const asked = said.find(
      ({ action, decision }) =>
        action === ACTION.incidentClosed || (action === ACTION.incidentEscalated && decision.bearable !== true),
    );
    return asked === undefined ? null : ageOf(asked, at);
  }
  const relapse_s = closing.by === 'worked' ? closing.claims.at(-1)?.relapse_s : opening.metadata.relapse_s;
  if (closing.recovered === null || typeof relapse_s !== 'number') return null;
  return Math.max(0, ageOf(closing.recovered, at) - relapse_s);
}
