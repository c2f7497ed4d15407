import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../core/host/clock.js';
import type { Check, Probe } from '../check.js';
import type { Playbook } from '../playbook.js';

export interface Verdict {
  /** Passes in a row at the end. */
  readonly passes: number;
  readonly verified: boolean;
  readonly interrupted: boolean;
}

export interface VerifyTools {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly probed: (probe: Probe, passes: number) => void;
}

/**
 * The check that failed must pass, several times in a row; one bad probe starts the count again. A service that is slow to
 * start has its start period, whatever the playbook says. A check that counts events must pass until the deadline, from the
 * second probe on: the first one finds what happened before the remedy had ended.
 */
export async function verify(
  check: Check,
  { passes: wanted, within_s, every_s }: Playbook['verify'],
  start_period_s: number,
  { clock, stop, probed }: VerifyTools,
): Promise<Verdict> {
  const deadline = clock.elapsed() + Math.max(within_s, start_period_s);
  const isLong = check.countsEvents === true;
  let passes = 0;
  for (let probes = 1; ; probes++) {
    const probe = await check.probe();
    passes = probe.status === 'ok' ? passes + 1 : 0;
    probed(probe, passes);
    const isOver = clock.elapsed() >= deadline;
    if (passes >= wanted && (isOver || !isLong)) return { passes, verified: true, interrupted: false };
    if (stop.aborted) return { passes, verified: false, interrupted: true };
    if (isOver || (isLong && probes > 1 && passes === 0)) return { passes, verified: false, interrupted: false };
    await delay(every_s * 1000, undefined, { signal: stop }).catch(() => undefined);
  }
}
