import { matchesPattern } from '../core/config/name-pattern.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import type { Now } from '../core/records/moment.js';
import { formatInstant } from '../core/records/time.js';

/** Says why now lies in a maintenance window of a check, or `undefined`. */
export type InMaintenance = (check: string, now: Now) => string | undefined;

/** The windows of grace.yaml; their cron expressions have been checked when it was read. */
export async function maintenanceOf(windows: GraceConfig['maintenance']): Promise<InMaintenance> {
  if (windows.length === 0) return () => undefined;
  const { Cron } = await import('croner');
  const known = windows.map((window) => ({
    window,
    cron: new Cron(window.cron, { timezone: window.timezone, paused: true }),
  }));
  return (check, { ms }) => {
    for (const { window, cron } of known) {
      if (!window.checks.some((pattern) => matchesPattern(pattern, check))) continue;
      // The reference itself does not count: a window holds from its first millisecond on.
      const [begun] = cron.previousRuns(1, new Date(ms + 1));
      const until_ms = begun === undefined ? 0 : begun.getTime() + window.lasts * 1000;
      if (until_ms <= ms) continue;
      const name = window.name === undefined ? '' : ` ${window.name}`;
      const why = window.reason === undefined ? '' : `: ${window.reason}`;
      return `maintenance${name} until ${formatInstant(until_ms)}${why}`;
    }
    return undefined;
  };
}
