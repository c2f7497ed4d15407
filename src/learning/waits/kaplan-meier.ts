/** One wait for health after a remedy. */
export interface WaitObservation {
  /** Seconds from the end of the remedy to health, or to giving up. */
  readonly seconds: number;
  /** False: given up after so long; when it would have become healthy is not known (right-censored). */
  readonly healthy: boolean;
}

/** The survival curve falls to `survival` at `at_s` and stays there until the next step. */
export interface SurvivalStep {
  readonly at_s: number;
  /** Estimated probability of not being healthy after `at_s`. */
  readonly survival: number;
  readonly events: number;
  /** Observations that lasted at least so long. */
  readonly at_risk: number;
}

/**
 * The product-limit estimate of Kaplan and Meier (1958): one step per time at which something became healthy, in order of
 * time. Who gave up at the very time of a recovery was still at risk then.
 */
export function kaplanMeier(observations: readonly WaitObservation[]): SurvivalStep[] {
  const sorted = [...observations].sort((a, b) => a.seconds - b.seconds);
  const steps: SurvivalStep[] = [];
  let survival = 1;
  for (let i = 0; i < sorted.length; ) {
    const at_s = (sorted[i] as WaitObservation).seconds;
    const at_risk = sorted.length - i;
    let events = 0;
    for (; sorted[i]?.seconds === at_s; i++) events += sorted[i]?.healthy ? 1 : 0;
    if (events === 0) continue;
    survival *= (at_risk - events) / at_risk;
    steps.push({ at_s, survival, events, at_risk });
  }
  return steps;
}
