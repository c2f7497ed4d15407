import type { SurvivalStep } from './kaplan-meier.js';

export interface BestWait {
  readonly wait_s: number;
  /** Expected seconds with this wait: what is waited, and the next step where that was in vain. */
  readonly cost_s: number;
}

/**
 * Expected seconds when giving up after `wait_s`: ∫₀ʷ S + S(w)·next_step_s. Beyond the last step the curve stays flat, which
 * is a guess where that step does not reach 0.
 */
export function costOfWait(curve: readonly SurvivalStep[], wait_s: number, next_step_s: number): number {
  let [survival, since, waited] = [1, 0, 0];
  for (const step of curve) {
    if (step.at_s > wait_s) break;
    waited += survival * (step.at_s - since);
    [survival, since] = [step.survival, step.at_s];
  }
  return waited + survival * (wait_s - since) + survival * next_step_s;
}

/**
 * w* = argmin of the expected cost. Between two recoveries waiting only costs, so the best is not to wait at all or to wait
 * until just one of the recoveries that were seen; of equals the shorter. O(steps).
 */
export function bestWait(curve: readonly SurvivalStep[], next_step_s: number): BestWait {
  let best: BestWait = { wait_s: 0, cost_s: next_step_s };
  let [survival, since, waited] = [1, 0, 0];
  for (const step of curve) {
    waited += survival * (step.at_s - since);
    [survival, since] = [step.survival, step.at_s];
    const cost_s = waited + survival * next_step_s;
    if (cost_s < best.cost_s) best = { wait_s: since, cost_s };
  }
  return best;
}
