import type { Now } from '../core/records/moment.js';
import type { Probe } from './check.js';
import type { ConfirmRule } from './confirm.js';
import { afterProbe, confirmedFailure, type SoftState } from './engine/soft-state.js';
import type { Watched } from './watched.js';

/** Where one more probe puts a check, given what was seen of it before. */
export interface Standing extends ConfirmRule {
  readonly state: 'healthy' | 'not_confirmed' | 'confirmed' | 'in_start_period' | 'could_not_tell';
  /** How many of the last `of` that count have failed, this one among them. */
  readonly failed: number;
  /** Whether anything is known of earlier probes. */
  readonly seen_before: boolean;
}

/** Pure: nothing is remembered of the probe. */
export function standingAfter(
  before: SoftState,
  probe: Probe,
  now: Now,
  { confirm, flapping }: Pick<Watched, 'confirm' | 'flapping'>,
): Standing {
  const after = afterProbe(before, probe, now, { confirm, flapping });
  const window = after.seen.slice(-confirm.of);
  const isCounted = window.at(-1)?.elapsed_s === now.elapsed_s;
  return {
    ...confirm,
    state: stateOf(),
    failed: window.filter(({ status }) => status === 'critical').length,
    seen_before: before.last !== null,
  };

  function stateOf(): Standing['state'] {
    if (probe.status === 'unknown') return 'could_not_tell';
    if (probe.status !== 'critical') return 'healthy';
    if (!isCounted) return 'in_start_period';
    return confirmedFailure(after, confirm, now) === undefined ? 'not_confirmed' : 'confirmed';
  }
}
