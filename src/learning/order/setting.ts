/** The few parameters of the order, every one visible in `learn explain`. */
export interface OrderSetting {
  /** What is left of every tally after one more incident of the mode, 0–1. */
  readonly keep: number;
  /** Seconds until a person has recovered it, who always succeeds: what is not worth this is not tried. */
  readonly person_s: number;
  /** Seconds that a failure is taken to cost beyond what the author declared, before one has been seen. */
  readonly failure_extra_s: number;
  /** At most so many pseudo-observations are lent to a target by the other targets of its mode. */
  readonly lent: number;
  /**
   * At most so many pseudo-observations of how a playbook fared after other sets had failed count for p(k | failed), once that
   * was seen; `null` counts all alike, as if remedies were independent.
   */
  readonly other_places: number | null;
  /** How often the candidate is served while it differs from the incumbent, 0–1. */
  readonly explore: number;
  /** Incidents between two changes, at least. */
  readonly least_incidents: number;
  /** The probability of being better that a candidate needs, 0–1. */
  readonly sure: number;
  /** Draws by which that probability is estimated. */
  readonly draws: number;
}

/** Measured by `npm run bench -- learning-order`, which also has the figures of other settings. */
export const ORDER_SETTING: OrderSetting = {
  keep: 0.95,
  person_s: 1800,
  failure_extra_s: 60,
  lent: 5,
  other_places: 8,
  explore: 0.5,
  least_incidents: 2,
  sure: 0.75,
  draws: 100,
};
