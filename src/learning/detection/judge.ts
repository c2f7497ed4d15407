import type { Comparison } from './comparison.js';

/** Slower or wider: worth it from so many false alarms that would not have been raised, and this share of them. */
const FEWEST_AVOIDED = 3;
const LEAST_SHARE_AVOIDED = 0.5;

/** Faster or narrower: from so many probes and failures on is it known that no false alarm comes with it. */
const FEWEST_PROBES = 500;
const FEWEST_FAILURES = 3;

/** `calmer`: fewer false alarms, and no failure missed. `sooner`: failures are seen sooner, and no false alarm comes with it. */
export type Merit = 'calmer' | 'sooner';

export function meritOf(found: Comparison): Merit | undefined {
  const avoided = avoidedBy(found);
  if (found.missed > 0) return undefined;
  if (avoided >= FEWEST_AVOIDED && avoided >= LEAST_SHARE_AVOIDED * found.false_alarms) return 'calmer';
  const known = found.probes >= FEWEST_PROBES && found.failures >= FEWEST_FAILURES;
  const harmless = found.more === 0 && found.latest_s <= 0;
  return known && harmless && found.saved_s > 0 ? 'sooner' : undefined;
}

export function avoidedBy({ false_alarms, false_alarms_instead }: Comparison): number {
  return false_alarms - false_alarms_instead;
}
