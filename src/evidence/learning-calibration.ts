import type { Claim } from './claim.js';
import type { CalibrationBin } from './learning-facts.js';
import { percent } from './learning-words.js';
import { count, counted, sum } from './words.js';

/** Fewer predictions say nothing about how good they are. */
export const FEWEST_PREDICTIONS = 30;

/** Of the normal distribution: 99 % lie within so many standard deviations. */
const WITHIN = 2.5758;

/** Predictions of one tenth, and how often they came true. */
export interface CalibrationRow {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Means, 0–1; `null` where there is none. */
  readonly predicted: number | null;
  readonly observed: number | null;
}

export function calibrationRows(bins: readonly CalibrationBin[]): CalibrationRow[] {
  return bins.map(({ n, predicted, worked }, i) => ({
    from: i / bins.length,
    to: (i + 1) / bins.length,
    n,
    predicted: n === 0 ? null : predicted / n,
    observed: n === 0 ? null : worked / n,
  }));
}

/** Does the first playbook work as often as was predicted? */
export function calibrationClaim(bins: readonly CalibrationBin[], outcomes: number): Claim {
  const n = sum(bins, (bin) => bin.n);
  const predicted = sum(bins, (bin) => bin.predicted);
  const worked = sum(bins, (bin) => bin.worked);
  // Of a sum of independent draws, those of a tenth taken for alike: at most 0.0025 of each too much.
  const variance = sum(bins, (bin) => (bin.n === 0 ? 0 : bin.predicted * (1 - bin.predicted / bin.n)));
  const within = WITHIN * Math.sqrt(Math.max(0, variance)) + 0.5;
  const rates =
    n === 0
      ? null
      : {
          predicted: predicted / n,
          observed: worked / n,
          low: Math.max(0, (predicted - within) / n),
          high: Math.min(1, (predicted + within) / n),
        };
  const error = sum(bins, (bin) => Math.abs(bin.worked - bin.predicted));
  const unpredicted = Math.max(0, outcomes - n);
  const { verdict, headline, reasons } = judge(n, rates);
  return {
    ...{ id: 'learning_calibration', verdict, headline, n },
    numbers: {
      predictions: n,
      needed_predictions: FEWEST_PREDICTIONS,
      predicted_rate: rates?.predicted ?? null,
      observed_rate: rates?.observed ?? null,
      observed_least: rates?.low ?? null,
      observed_most: rates?.high ?? null,
      calibration_error: n === 0 ? null : error / n,
    },
    excluded:
      unpredicted === 0
        ? []
        : [
            {
              id: 'unpredicted',
              what: unpredicted === 1 ? 'outcome' : 'outcomes',
              n: unpredicted,
              why: 'nothing was predicted of their first playbook, or it was not the first that was tried',
            },
          ],
    reasons,
  };
}

interface Rates {
  readonly predicted: number;
  readonly observed: number;
  readonly low: number;
  readonly high: number;
}

function judge(n: number, rates: Rates | null): Pick<Claim, 'verdict' | 'headline' | 'reasons'> {
  if (rates === null || n < FEWEST_PREDICTIONS) {
    return {
      verdict: 'INCONCLUSIVE',
      headline: `learning calibration: ${counted(n, 'prediction')} to judge by`,
      reasons: [`a verdict needs ${FEWEST_PREDICTIONS}: ${count(FEWEST_PREDICTIONS - n)} more`],
    };
  }
  const { predicted, observed, low, high } = rates;
  const holds = observed >= low && observed <= high;
  return {
    verdict: holds ? 'PASS' : 'PARTIAL',
    headline: `learning calibration: predicted ${percent(predicted)}, observed ${percent(observed)}`,
    reasons: [
      `if they are right, between ${percent(low)} and ${percent(high)} of ${counted(n, 'prediction')} come true, 99 times in 100`,
    ],
  };
}
