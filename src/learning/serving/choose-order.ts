import { createHash } from 'node:crypto';
import { type Arm, type Arms, drawArm } from '../order/arm.js';
import { kept } from '../order/kept.js';
import { isSameOrder } from '../order/promotion.js';
import { seededRandom } from '../order/random.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import type { LearningMode } from '../tick/facts.js';
import { readArms, type StandingArms } from './read-arms.js';

export type { StandingArms } from './read-arms.js';
export { readArms } from './read-arms.js';

export interface Asked {
  /** What stands, if anything does; data from the log. */
  readonly standing: unknown;
  /** The playbooks of the check today, in the author's order. */
  readonly listed: readonly string[];
  readonly mode: LearningMode;
  readonly learn: boolean;
  /** The author's share of today: never more is drawn. */
  readonly holdout: number;
  readonly mayBeRandomised: (id: string) => boolean;
  /** The same seed, the same arm: names the check and the onset of the episode. */
  readonly seed: string;
}

/** What is served, and what is logged of it before the act. */
export interface Served {
  readonly order: readonly string[];
  /** `author` where nothing was learned or nothing may be. */
  readonly arm: 'author' | 'holdout' | 'candidate' | 'incumbent';
  readonly propensity: number;
  /** Of the incumbent, where that is served; `null`: the author's order, or one that is no version. */
  readonly version: number | null;
  /** The probability, over all arms, that the frozen first order was to be served. */
  readonly holdout_share: number;
  readonly predicted: number | null;
  readonly waits: Readonly<Record<string, number>>;
}

/** Draws nothing unless the mode is `apply` and there is something to choose from. */
export function chooseOrder({ standing, listed, mode, learn, holdout, mayBeRandomised, seed }: Asked): Served {
  const arms = mode === 'off' || !learn ? undefined : readArms(standing);
  // What stands was learned of another list of playbooks: it says nothing of this one.
  if (arms === undefined || !isSameOrder(arms.first, listed))
    return served('author', [...listed], NOTHING_STANDS, 1, 1);
  const { first, incumbent, candidate } = arms;
  const isFirst = isSameOrder(incumbent, first);
  if (mode !== 'apply' || (isFirst && isSameOrder(candidate, first))) {
    return served(isFirst ? 'author' : 'incumbent', incumbent, arms, 1, isFirst ? 1 : 0);
  }
  const all = { ...arms, holdout: Math.min(arms.holdout, holdout), mayBeRandomised };
  const drawn = drawArm(all, seededRandom(spread(seed)), ORDER_SETTING);
  const share = kept(
    Math.min(
      1,
      chancesOf(all).reduce((sum, one) => sum + (isSameOrder(one.order, first) ? one.p : 0), 0),
    ),
  );
  return served(drawn.arm, drawn.order, arms, kept(drawn.propensity), share);
}

const NOTHING_STANDS: Pick<StandingArms, 'incumbent' | 'version' | 'waits' | 'p'> = {
  ...{ incumbent: [], version: null, waits: {}, p: {} },
};

function served(
  arm: Served['arm'],
  order: readonly string[],
  { incumbent, version, waits, p }: Pick<StandingArms, 'incumbent' | 'version' | 'waits' | 'p'>,
  propensity: number,
  holdout_share: number,
): Served {
  const [begins] = order;
  return {
    ...{ order, arm, propensity, holdout_share, waits },
    version: isSameOrder(order, incumbent) ? version : null,
    predicted: begins === undefined ? null : (own(p, begins) ?? null),
  };
}

/** The three arms, and with which probability each is drawn: the first number of the stream decides, so its ends tell. */
function chancesOf(arms: Arms): readonly { readonly order: readonly string[]; readonly p: number }[] {
  const [least, most] = [0, 1 - Number.EPSILON / 2].map((u) => drawArm(arms, () => u, ORDER_SETTING)) as [Arm, Arm];
  const first = least.arm === 'holdout' ? least.propensity : 0;
  const incumbent = most.arm === 'incumbent' ? most.propensity : 0;
  return [
    { order: arms.first, p: first },
    { order: arms.incumbent, p: incumbent },
    { order: arms.candidate, p: Math.max(0, 1 - first - incumbent) },
  ];
}

/**
 * Seeds that differ in a few digits give streams whose first numbers are alike, and here the first one decides: arms of
 * one check would follow those of another. So the seed is spread over its hash.
 */
function spread(seed: string): string {
  return createHash('sha256').update(seed).digest('hex');
}
