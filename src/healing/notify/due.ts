import { ACTION } from '../../core/records/audit-actions.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { isJsonObject } from '../../core/records/json.js';
import { ageOf, type Now } from '../../core/records/moment.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';

/** After so many failures, one after the other; the last one stays. Seconds. */
const WAITS_S = [60, 300, 900, 3600] as const;
/** News that a channel has not been tried with yet is not held up longer than that by what failed before. */
const MOST_FRESH_S = 900;

/** As many of a channel's last entries as {@link secondsUntilDue} needs. */
export const ENOUGH = 40;

export interface Course {
  /** What was begun and what became of it, of this news on this channel; newest first. */
  readonly ofNews: readonly ControlEntry[];
  /** The same of all news on this channel. */
  readonly ofChannel: readonly ControlEntry[];
}

/**
 * When a channel may be tried with news that it has not taken; 0 for now, `undefined` while somebody who lives is telling
 * it. The waits are those of the channel as well as of the news: a channel that is down is tried with one piece of news at
 * a time, however many there are, and news that it always refuses holds up no other for long.
 */
export function secondsUntilDue(
  { ofNews, ofChannel }: Course,
  now: Now,
  isAlive: (owner: ProcessIdentity) => boolean,
): number | undefined {
  const [last] = ofNews;
  const owner = last?.action === ACTION.notificationBegun ? last.metadata.owner : undefined;
  if (isJsonObject(owner) && isAlive(owner as unknown as ProcessIdentity)) return undefined;
  const isFresh = last === undefined;
  const channel = leftAfter(
    ofChannel.find(isFailure),
    failuresInARow(ofChannel),
    now,
    isFresh ? MOST_FRESH_S : Infinity,
  );
  return Math.max(ownWait(ofNews, now), channel);
}

function ownWait(ofNews: readonly ControlEntry[], now: Now): number {
  const [last] = ofNews;
  const begun = ofNews.filter(({ action }) => action === ACTION.notificationBegun).length;
  const tries = Math.max(begun, ofNews.filter(isFailure).length);
  // Nobody knows what became of it: that is no failure, and is waited for only when it happens again and again.
  return leftAfter(last, last?.action === ACTION.notificationBegun ? tries - 1 : tries, now);
}

function failuresInARow(newestFirst: readonly ControlEntry[]): number {
  const outcomes = newestFirst.filter(({ action }) => action !== ACTION.notificationBegun);
  const taken = outcomes.findIndex((entry) => !isFailure(entry));
  return taken === -1 ? outcomes.length : taken;
}

function leftAfter(last: ControlEntry | undefined, times: number, now: Now, most = Infinity): number {
  const wait = WAITS_S[Math.min(times, WAITS_S.length) - 1];
  return last === undefined || wait === undefined ? 0 : Math.max(0, Math.min(wait, most) - ageOf(last, now));
}

function isFailure({ action }: ControlEntry): boolean {
  return action === ACTION.notificationFailed;
}
