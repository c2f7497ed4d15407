import { type Claim, type Excluded, excluding, type Report } from './claim.js';
import type { EffectFacts, EffectWord, LearnedFacts } from './learning-facts.js';
import { evidence, ratio } from './learning-words.js';
import type { RecordState } from './records.js';
import { count, counted, firstFew, named, sum } from './words.js';

type Judgement = Pick<Claim, 'verdict' | 'headline' | 'reasons'>;

/** Does learning help? Over everything, whatever the window: an arm is a draw, and a part of the draws proves less. */
export function effectClaim(
  facts: LearnedFacts,
  records: Pick<RecordState, 'losses' | 'seal_gone'>,
  audit: Pick<Report, 'claims'> | null,
): Claim {
  const { effect } = facts;
  const { verdict: found, learned, holdout, needed, outcomes } = effect;
  const { verdict, headline, reasons } = judge(effect, brokenWords(effect, records, audit));
  const { estimate, more_incidents } = found;
  return {
    ...{ id: 'learning_effect', verdict, headline },
    n: learned.n + holdout.n,
    numbers: {
      outcomes_learned: outcomes,
      learned_n: learned.n,
      holdout_n: holdout.n,
      learned_bad: learned.bad,
      holdout_bad: holdout.bad,
      e_faster: found.e_faster,
      e_slower: found.e_slower,
      e_worse: found.e_worse,
      needed_e: needed.e,
      ratio: estimate?.ratio ?? null,
      ratio_low: estimate?.low ?? null,
      ratio_high: estimate?.high ?? null,
      needed_learned: needed.learned,
      needed_holdout: needed.holdout,
      missing_at_least: missing(effect),
      more_incidents: more_incidents ?? null,
    },
    excluded: notCompared(facts),
    reasons: facts.narrowed ? [...reasons, 'over all records: --since does not narrow the comparison'] : reasons,
  };
}

function missing({ learned, holdout, needed }: EffectFacts): number {
  return Math.max(0, needed.learned - learned.n) + Math.max(0, needed.holdout - holdout.n);
}

/** Why the audit log cannot be believed, if it cannot. */
function brokenWords(
  { lines_missing }: EffectFacts,
  { losses, seal_gone }: Pick<RecordState, 'losses' | 'seal_gone'>,
  audit: Pick<Report, 'claims'> | null,
) {
  return [
    ...(audit?.claims ?? []).flatMap(({ verdict, headline }) => (verdict === 'FAIL' ? [headline] : [])),
    ...(losses.some(({ log }) => log === 'audit') ? ['bytes of the audit log are gone'] : []),
    ...(lines_missing ? ['lines of the audit log are missing'] : []),
    ...(seal_gone ? ['the seal of the audit log is gone'] : []),
  ];
}

function judge(effect: EffectFacts, broken: readonly string[]): Judgement {
  const { verdict, outcomes, learned, holdout, held, replay } = effect;
  const { e_slower, e_worse } = verdict;
  if (broken.length > 0) {
    return { verdict: 'FAIL', headline: 'learning effect: the audit log that it rests on is broken', reasons: broken };
  }
  if (verdict.verdict === 'FAIL') {
    const harm = verdict.reasons.filter((word) => word !== 'not_reproducible').length > 0;
    return {
      verdict: 'FAIL',
      headline: harm
        ? 'learning effect: the learned order does harm'
        : 'learning effect: what was learned does not follow from the logs',
      reasons: verdict.reasons.flatMap((word) => SAID[word](effect)),
    };
  }
  const harmed = effect.harmed.filter(({ incidents }) => incidents > 0);
  if (harmed.length > 0 && held.length > 0) {
    return {
      verdict: 'FAIL',
      headline: 'learning effect: harm was shown, and the first order is back',
      reasons: [
        ...harmed.slice(-1).map(endedWords),
        `until a person has approved an order there: ${firstFew(held, (check) => check).join(', ')}`,
      ],
    };
  }
  const ended = harmed.map(endedWords).slice(-2);
  if (replay === 'put_away') {
    return {
      verdict: 'INCONCLUSIVE',
      headline: 'learning effect: older files of the audit log are not here',
      reasons: [
        'what was learned from them cannot be folded again, so it is not what the last tick wrote down',
        ...ended,
      ],
    };
  }
  if (verdict.verdict === 'PASS' && verdict.estimate !== undefined) {
    const { estimate } = verdict;
    return {
      verdict: 'PASS',
      headline: `learning effect: recovers in ${ratio(estimate.ratio)} the baseline time (interval ${range(estimate)})`,
      reasons: [
        `${count(learned.n)} real incidents in the learned order, ${count(holdout.n)} in the first one, drawn at random: E ${evidence(verdict.e_faster)} for faster, and ${effect.needed.e} decides`,
        `relapsed or escalated: ${badWords(effect)}; E ${evidence(e_worse)} for worse, ${evidence(e_slower)} for slower`,
        ...sameState(effect),
        ...ended,
      ],
    };
  }
  return {
    verdict: 'INCONCLUSIVE',
    headline:
      outcomes === 0
        ? 'learning effect: 0 outcomes learned from'
        : `learning effect: not decided after ${counted(learned.n + holdout.n, 'compared incident')}`,
    reasons: [...openWords(effect), ...sameState(effect), ...ended],
  };
}

/** What stands in the way of a verdict, and about how far away it is. */
function openWords(effect: EffectFacts): string[] {
  const { verdict, learned, holdout, incidents, needed } = effect;
  const has = (word: EffectWord) => verdict.reasons.includes(word);
  const few = has('few_learned') || has('few_holdout');
  return [
    ...(few
      ? [
          `a verdict needs ${needed.learned} real incidents handled in the learned order and ${needed.holdout} in the first one` +
            (incidents > 0 ? `; ${count(learned.n)} and ${count(holdout.n)} are compared` : ''),
        ]
      : []),
    ...(has('not_shown') && learned.n + holdout.n > 0 ? SAID.not_shown(effect) : []),
    ...(has('worse_outcomes') ? SAID.worse_outcomes(effect) : []),
    ...moreWords(effect),
  ];
}

function moreWords(effect: EffectFacts): string[] {
  const { more_incidents } = effect.verdict;
  const least = missing(effect);
  if (more_incidents !== undefined && more_incidents > 0) {
    return [`if they go on like this, about ${counted(more_incidents, 'more incident')} would decide`];
  }
  if (least > 0) return [`at least ${count(least)} more are needed`];
  return ['if they go on like this, no end is in sight: the two orders hardly differ'];
}

const SAID: Readonly<Record<EffectWord, (effect: EffectFacts) => string[]>> = {
  faster: () => [],
  slower: ({ verdict, needed }) => [
    `slower than the first order: E ${evidence(verdict.e_slower)}, and ${needed.e} decides`,
  ],
  guard_breached: (effect) => [
    `relapsed or escalated more often: ${badWords(effect)}; E ${evidence(effect.verdict.e_worse)}, and ${effect.needed.e} decides`,
  ],
  not_reproducible: () => [
    'the state that follows from the log is not the one whose hash the last tick wrote down: grace learn replay --verify names the version from which on it differs',
  ],
  few_learned: () => [],
  few_holdout: () => [],
  not_shown: ({ verdict: { e_faster, estimate }, needed }) => [
    `evidence that it is faster: E ${evidence(e_faster)}, and ${needed.e} decides` +
      (estimate === undefined
        ? ''
        : `; ${ratio(estimate.ratio)} the baseline time (interval ${range(estimate)}), from 5 s to 40 min`),
  ],
  worse_outcomes: (effect) => [`relapsed or escalated too often to call it no worse: ${badWords(effect)}`],
};

/** `0.4–0.68`. */
function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return [low, high].map((bound) => Number(bound.toPrecision(2))).join('–');
}

function badWords({ learned, holdout }: EffectFacts): string {
  return `${count(learned.bad)} of ${count(learned.n)} learned, ${count(holdout.bad)} of ${count(holdout.n)} first order`;
}

function sameState({ replay }: EffectFacts): string[] {
  if (replay === 'equal') {
    return [
      'what was learned follows from the log as the last tick wrote it down; grace learn replay --verify proves every version',
    ];
  }
  if (replay === 'vouched') {
    return [
      'what was learned was not folded again: a copy has the hash that the last tick wrote down; grace learn replay --verify folds all of it',
    ];
  }
  return [];
}

function endedWords({ incidents, e_slower, e_worse }: EffectFacts['harmed'][number]): string {
  return `an earlier comparison ended after ${counted(incidents, 'incident')} because harm was shown: E ${evidence(e_slower)} for slower, ${evidence(e_worse)} for worse`;
}

/** Words by which an outcome does not count for the comparison, the one that says most first. */
const LEFT_OUT = {
  incomplete: 'the log does not hold all that is needed',
  person_first: 'a person was asked for before anything was tried',
  no_arm: 'opened before there was learning: no order was drawn',
  config_changed: 'another grace.yaml came into force while it lasted',
} as const;
const LEFT_OUT_WORDS = Object.keys(LEFT_OUT) as (keyof typeof LEFT_OUT)[];

/** Every real incident that is not compared, and what is none. */
function notCompared({ effect, incidents, due, left_out }: LearnedFacts): Excluded[] {
  const of = (origin: string) => incidents.find((group) => group.origin === origin);
  const real = of('real');
  const ended = sum(effect.harmed, (series) => series.incidents);
  const excludedBy = new Map<string, number>();
  for (const { words, effect: compared, n } of left_out) {
    if (compared === 1) continue;
    const all = wordsOf(words);
    const word = LEFT_OUT_WORDS.find((one) => all.includes(one)) ?? 'other';
    excludedBy.set(word, (excludedBy.get(word) ?? 0) + n);
  }
  const same = effect.incidents - effect.learned.n - effect.holdout.n;
  const one = (id: string, n: number, what: string, many: string, why: string) => ({
    id,
    n,
    what: named(n, what, many),
    why,
  });
  const outcomes = (id: string, n: number, why: string) => one(id, n, 'outcome', 'outcomes', why);
  return excluding(
    one('drill', of('drill')?.n ?? 0, 'drill', 'drills', 'caused by grace itself'),
    one('simulated', of('simulated')?.n ?? 0, 'simulated incident', 'simulated incidents', 'nothing was broken'),
    one(
      'no_attempt',
      real === undefined ? 0 : real.n - real.attempted,
      'real incident',
      'real incidents',
      'grace tried no remedy',
    ),
    one('not_due', due.not_due, 'episode', 'episodes', 'not over yet, or a relapse may still come'),
    one('not_learned', due.waiting, 'episode', 'episodes', 'over, and no tick has learned from it yet'),
    ...LEFT_OUT_WORDS.map((word) => outcomes(word, excludedBy.get(word) ?? 0, LEFT_OUT[word])),
    outcomes('other', excludedBy.get('other') ?? 0, 'for a reason that this version does not know'),
    outcomes('not_compared', same, 'both orders were the same, nothing was drawn, or it was the first of all'),
    outcomes('ended_comparison', ended, 'of comparisons that ended because harm was shown'),
  );
}

/** From the entries: data. */
export function wordsOf(json: string): string[] {
  try {
    const words: unknown = JSON.parse(json);
    return Array.isArray(words) ? words.filter((word) => typeof word === 'string') : [];
  } catch {
    return [];
  }
}
