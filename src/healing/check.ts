import type { Severity } from '../core/records/incident.js';

/** As in the monitoring-plugin contract. `unknown`: the check could not run; never ok, never a reason to act. */
export type ProbeStatus = 'ok' | 'warning' | 'critical' | 'unknown';

/** One figure of a monitoring plugin's performance data; the bounds are as the plugin wrote them. */
export interface PerfValue {
  readonly label: string;
  readonly value: number;
  /** `s`, `%`, `B`, `c` (a counter) or nothing. */
  readonly unit: string;
  readonly warn?: string;
  readonly crit?: string;
  readonly min?: number;
  readonly max?: number;
}

/** What a probe found. */
export interface Finding {
  readonly status: ProbeStatus;
  /** One sentence for an operator. It may hold text from the network: escape it before it is shown. */
  readonly summary: string;
  readonly perfdata?: readonly PerfValue[];
}

export interface Probe extends Finding {
  /** Seconds, monotonic. */
  readonly duration_s: number;
}

export interface Check {
  readonly name: string;
  /** What is looked at, and what a remedy would act on. */
  readonly target: string;
  readonly failure_mode: string;
  readonly severity: Severity;
  /** It fails by what happens and not by how things are: that it passes shows nothing but that nothing has happened since. */
  readonly countsEvents?: boolean;
  /** Never rejects: what goes wrong is a probe too. */
  probe(): Promise<Probe>;
}
