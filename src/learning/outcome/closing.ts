import { ACTION } from '../../core/records/audit-actions.js';
import type { JsonObject } from '../../core/records/json.js';
import { ageOf, type Moment, type Now } from '../../core/records/moment.js';
import type { ControlEntry, PlacedClaim } from '../../core/registry/queries/control.js';
import type { EpisodeRecord } from '../../core/registry/queries/episodes.js';

/** How an episode ended, as far as it is learned from: what came after that does not count. */
export interface Closing {
  /**
   * `worked`: by a remedy that was verified; `recovered`: it passes again, and no remedy is known to be why; `person`: one was
   * asked for, or has closed it; `reopened`: it began again, and nothing says that it had recovered.
   */
  readonly by: 'worked' | 'recovered' | 'person' | 'reopened';
  /** When it had recovered; `null` where it did not, or only with a person. */
  readonly recovered: Moment | null;
  /** What was claimed until then, oldest first. */
  readonly claims: readonly PlacedClaim[];
  readonly relapsed: boolean;
  /** A person was asked for until then, be it that a remedy had made it bearable. */
  readonly escalated: boolean;
  /** False: whether it held is not known, for how long it had to is not on record. */
  readonly settled: boolean;
}

type End =
  | { readonly by: 'worked'; readonly line: number; readonly at: Moment; readonly relapse_s: number | null }
  | { readonly by: 'recovered'; readonly line: number; readonly at: Moment; readonly relapse_s: number | null }
  | { readonly by: 'person'; readonly line: number };

/** Undefined: it is still open, or may still relapse. */
export function closingOf({ opening, next, claims, said }: EpisodeRecord, now: Now): Closing | undefined {
  const end = firstEnd(opening, claims, said);
  if (end === undefined && next === undefined) return undefined;
  const line = end?.line ?? Number.POSITIVE_INFINITY;
  const until = claims.filter((claim) => claim.line <= line);
  // A remedy is under way: how it ends belongs to it, whoever has been asked for meanwhile.
  if (next === undefined && until.at(-1)?.ended === null) return undefined;
  // What a remedy has made bearable is said after the claim that has worked.
  const heard = said.filter((entry) => end?.by === 'worked' || entry.line <= line);
  const escalated = end?.by === 'person' || heard.some(isBearable);
  const common = { claims: until, escalated };
  if (end?.by === 'person') return { by: 'person', recovered: null, relapsed: false, settled: true, ...common };
  const relapsed = next !== undefined && isRelapse(next);
  if (end === undefined) return { by: 'reopened', recovered: null, relapsed, settled: true, ...common };
  const { by, at, relapse_s } = end;
  if (!relapsed && relapse_s !== null && ageOf(at, now) < relapse_s) return undefined;
  return { by, recovered: at, relapsed, settled: relapsed || relapse_s !== null, ...common };
}

/** The first thing that ended it. A claim stands where it was granted: while it is open nothing else ends an incident. */
function firstEnd(opening: ControlEntry, claims: readonly PlacedClaim[], said: readonly ControlEntry[]) {
  const ends = [...claims.flatMap(endByClaim), ...said.flatMap((entry) => endBySaying(entry, opening))];
  return ends.reduce<End | undefined>(
    (first, end) => (first === undefined || end.line < first.line ? end : first),
    undefined,
  );
}

function endByClaim({ line, outcome, ended, relapse_s }: PlacedClaim): End[] {
  return outcome === 'worked' && ended !== null ? [{ by: 'worked', line, at: ended, relapse_s }] : [];
}

function endBySaying(entry: ControlEntry, opening: ControlEntry): End[] {
  const { action, line, decision } = entry;
  if (action === ACTION.incidentRecovered) {
    return [{ by: 'recovered', line, at: entry, relapse_s: secondsIn(opening.metadata, 'relapse_s') }];
  }
  const needsPerson = action === ACTION.incidentEscalated && decision.bearable !== true;
  return needsPerson || action === ACTION.incidentClosed ? [{ by: 'person', line }] : [];
}

function isBearable({ action, decision }: ControlEntry): boolean {
  return action === ACTION.incidentEscalated && decision.bearable === true;
}

function isRelapse({ decision }: ControlEntry): boolean {
  return typeof decision.relapse === 'number' && decision.relapse > 0;
}

function secondsIn(metadata: JsonObject, field: string): number | null {
  const value = metadata[field];
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : null;
}
