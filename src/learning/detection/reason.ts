import { kept } from '../order/kept.js';
import type { Comparison } from './comparison.js';
import { avoidedBy } from './judge.js';

/** What the replay found, for a person to weigh. `delay_s`: of a plain outage, where the change itself says so. */
export function calmerReason(found: Comparison, delay_s: number): { numbers: Record<string, number>; why: string } {
  const { probes, failures, false_alarms } = found;
  const avoided = avoidedBy(found);
  const later_s = kept(Math.max(delay_s, found.latest_s));
  const cost =
    later_s > 0
      ? `a failure would be confirmed up to ${seconds(later_s)} later`
      : failures > 0
        ? 'none would be confirmed later'
        : 'how much later a failure would be confirmed is not known';
  return {
    numbers: { probes, failures, missed: 0, false_alarms, avoided, later_s },
    why: `In the last ${counted(probes, 'probe')} it would have avoided ${avoided} of ${counted(false_alarms, 'false alarm')} and missed none of ${counted(failures, 'failure')}; ${cost}`,
  };
}

export function soonerReason(found: Comparison): { numbers: Record<string, number>; why: string } {
  const { probes, failures, false_alarms } = found;
  const saved_s = kept(found.saved_s / failures);
  return {
    numbers: { probes, failures, missed: 0, false_alarms, more_false_alarms: 0, saved_s },
    why: `In the last ${counted(probes, 'probe')} it would have confirmed ${counted(failures, 'failure')} ${seconds(saved_s)} sooner on average, without one more false alarm`,
  };
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function seconds(s: number): string {
  return `${Number(s.toPrecision(3))} s`;
}
