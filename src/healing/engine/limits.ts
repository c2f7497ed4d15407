import { ageOf } from '../../core/records/moment.js';
import { givenUpAt } from './rounds.js';
import type { Situation } from './situation.js';

/**
 * Seconds until the target may be acted on again. Counts from the end of the last act, or from its beginning where the
 * end is not known. The remedies of one round follow each other without it: they are one try.
 */
export function cooldownLeft(situation: Situation): number {
  const { targetClaims, claims, watched, now } = situation;
  const [last] = targetClaims;
  if (last === undefined) return 0;
  const since = givenUpAt(situation);
  if (claims.some(({ claim_id, line }) => claim_id === last.claim_id && line > since)) return 0;
  return watched.limits.cooldown_s - ageOf(last.ended ?? last.granted, now);
}

/** The first cap that is reached, in words. What counts are claims: acts that were granted, whatever became of them. */
export function reachedCap({ targetClaims, watched, now }: Situation): string | undefined {
  for (const { most, within_s } of watched.limits.caps) {
    const recent = targetClaims.filter(({ granted }) => ageOf(granted, now) < within_s).length;
    if (recent >= most) return `${recent} acts within ${spell(within_s)}, and ${most} are allowed`;
  }
  return undefined;
}

function spell(seconds: number): string {
  const [unit, length] = (
    [
      ['d', 86_400],
      ['h', 3600],
      ['m', 60],
    ] as const
  ).find(([, l]) => seconds % l === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}
