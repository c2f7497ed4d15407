import type { DetectionAdvice } from '../tick/facts.js';
import type { ConfirmedCheck } from './advise.js';
import { compare } from './comparison.js';
import { meritOf } from './judge.js';
import { type Figure, type Figures, isCrossed, type Limit } from './limits.js';
import { MOST_PROBES, type Status, type StoredProbe, statusOf, stretchesOf } from './looks.js';
import { otherLimits, spelledLimit } from './other-limits.js';
import { calmerReason, soonerReason } from './reason.js';
import type { PastEpisode } from './spells.js';

export interface LimitedCheck extends ConfirmedCheck {
  /** All that stand in grace.yaml (`limitsOf`): the check fails when one is crossed. */
  readonly limits: readonly Limit[];
}

/**
 * Another limit, if the figures that probes kept show that it would have been better; the rule is that for confirm counts.
 * Fewer false alarms before sooner, and of those the nearest to today's. Only probes since the last one that today's limits
 * judge otherwise: until then they were other ones. Probes oldest first; of more than 2,000 the newest.
 * O(probes × limits²).
 */
export function adviseThreshold(
  check: LimitedCheck,
  probes: readonly StoredProbe[],
  episodes: readonly PastEpisode[],
): DetectionAdvice | undefined {
  const { name, confirm, every_s, limits } = check;
  if (limits.length === 0) return undefined;
  const newest = judgedAsToday(probes.slice(-MOST_PROBES), limits);
  const tried = limits.flatMap((limit) =>
    otherLimits(limit).map((other, distance) => {
      const others = limits.map((one) => (one === limit ? { ...one, value: other.value } : one));
      const instead = (_: StoredProbe, i: number) => judgedBy(others, newest[i]);
      const stretches = stretchesOf(
        newest.map(({ probe }) => probe),
        every_s,
        instead,
      );
      const found = compare(stretches, episodes, { today: confirm, instead: confirm, every_s });
      return { limit, other, distance, found, merit: meritOf(found) };
    }),
  );
  tried.sort((a, b) => a.distance - b.distance);
  const best = tried.find(({ merit }) => merit === 'calmer') ?? tried.find(({ merit }) => merit === 'sooner');
  if (best === undefined) return undefined;
  const { limit, other, found, merit } = best;
  const { numbers, why } = merit === 'calmer' ? calmerReason(found, 0) : soonerReason(found);
  return {
    ...{ check: name, kind: 'threshold', why },
    from: `${limit.field}: ${spelledLimit(limit).text}`,
    to: `${limit.field}: ${other.text}`,
    numbers: { limit: limit.value, limit_instead: other.value, ...numbers },
  };
}

interface Judged {
  readonly probe: StoredProbe;
  readonly status: Status;
  readonly figures: Figures;
  /** It failed by something else than these limits. */
  readonly failsAnyway: boolean;
}

/** A probe by other limits: one that could not run could not have run under them either. */
function judgedBy(limits: readonly Limit[], judged: Judged | undefined): Status {
  if (judged === undefined || judged.status === 'unknown') return 'unknown';
  if (judged.failsAnyway || limits.some((limit) => isCrossed(limit, judged.figures))) return 'critical';
  return judged.status === 'critical' ? 'ok' : judged.status;
}

function judgedAsToday(probes: readonly StoredProbe[], limits: readonly Limit[]): Judged[] {
  const alone = limits.every((limit) => limit.alone);
  const judged = probes.map((probe) => {
    const figures = figuresOf(probe.perfdata);
    const status = statusOf(probe.status);
    const crossed = limits.some((limit) => isCrossed(limit, figures));
    const isKnown = limits.some((limit) => limit.figure(figures) !== undefined);
    const failsAnyway = status === 'critical' && !crossed;
    const passedThen = crossed && status !== 'critical' && status !== 'unknown';
    return { probe, status, figures, failsAnyway, otherwise: passedThen || (failsAnyway && alone && isKnown) };
  });
  return judged.slice(judged.findLastIndex(({ otherwise }) => otherwise) + 1);
}

/** What is no figure is passed over; of two with one label the first counts. */
function figuresOf(perfdata: string | null): Figures {
  const figures = new Map<string, Figure>();
  for (const one of listIn(perfdata)) {
    const { label, value, max } = (one ?? {}) as Record<string, unknown>;
    if (typeof label !== 'string' || typeof value !== 'number' || figures.has(label)) continue;
    figures.set(label, { value, ...(typeof max === 'number' && { max }) });
  }
  return figures;
}

function listIn(perfdata: string | null): unknown[] {
  try {
    const list: unknown = JSON.parse(perfdata ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
