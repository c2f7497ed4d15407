import type { Severity } from '../core/records/incident.js';

/** As in the monitoring-plugin contract. `unknown`: the check could not run; never ok, never a reason to act. */
export type ProbeStatus = 'ok' | 'warning' | 'critical' | 'unknown';

export interface Probe {
  readonly status: ProbeStatus;
  /** One sentence for an operator. It may hold text from the network: escape it before it is shown. */
  readonly summary: string;
  /** Seconds, monotonic. */
  readonly duration_s: number;
}

export interface Check {
  readonly name: string;
  /** What is looked at, and what a remedy would act on. */
  readonly target: string;
  readonly failure_mode: string;
  readonly severity: Severity;
  /** Never rejects: what goes wrong is a probe too. */
  probe(): Promise<Probe>;
}
