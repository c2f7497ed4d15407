import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import { bootId } from '../../core/host/process-identity.js';
import type { Finding } from '../check.js';
import type { Heartbeat } from './check-tools.js';

/** Whether something has reported lately enough. What has never reported is as silent as what has stopped. */
export function probeHeartbeat(
  { name, within }: CheckSpecs['heartbeat'],
  last: Heartbeat | undefined,
  clock: Clock,
  boot = bootId(),
): Finding {
  if (last === undefined) return { status: 'critical', summary: `${name} has never reported` };
  const age_s = ageOf(last, clock, boot);
  const perfdata = [{ label: 'age', value: age_s, unit: 's', crit: String(within), min: 0 }];
  const summary = `${name} last reported ${age_s.toFixed(1)} s ago`;
  if (age_s <= within) return { status: 'ok', summary, perfdata };
  return { status: 'critical', summary: `${summary}, at least every ${within} s expected`, perfdata };
}

/** Seconds. Within a boot no clock change moves it; across boots there is only the date, which may have been set back. */
function ageOf({ boot_id, elapsed_s, at }: Heartbeat, clock: Clock, boot: string): number {
  return Math.max(0, boot_id === boot ? clock.elapsed() - elapsed_s : (clock.now() - at) / 1000);
}
