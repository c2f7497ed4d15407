import type { Clock } from '../../core/host/clock.js';
import type { Check } from '../check.js';
import type { Distrust } from '../distrust.js';

/** When something last reported, on the clock of its boot. */
export interface Heartbeat {
  readonly boot_id: string;
  /** Monotonic seconds. */
  readonly elapsed_s: number;
  /** Milliseconds, UTC. */
  readonly at: number;
}

/** What checks may ask of the rest of the program. */
export interface CheckTools {
  readonly clock: Clock;
  readonly distrust?: Distrust | undefined;
  /** Another check of the same configuration; for `all` and `any`. `undefined`: there is none of that name. */
  readonly other: (name: string) => Check | undefined;
  /** What the check of that name kept at its last probe (small JSON); lost at times, which only forgets. */
  readonly remembered: (check: string) => unknown;
  readonly remember: (check: string, value: unknown) => void;
  readonly heartbeat: (name: string) => Heartbeat | undefined;
}
