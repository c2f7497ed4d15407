import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import type { Clock } from '../../core/host/clock.js';
import { killPortHolder } from '../kill-port-holder.js';
import type { Step } from '../playbook.js';
import { executableOf, runsExecutable } from './program-of.js';

/** Beyond the grace period. */
const MORE_S = 10;

export interface KillPortHolderSpec {
  readonly name: string;
  readonly kill_port_holder: StepSpecs['kill_port_holder'];
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
}

/** Ends whoever listens on a port, if all of them run one of the listed executables. */
export function killPortHolderStep(spec: KillPortHolderSpec, clock: Clock): Step {
  const { name, kill_port_holder, repeatable = false } = spec;
  const { port, only, grace } = kill_port_holder;
  const timeout_s = spec.timeout_s ?? grace + MORE_S;
  return {
    name,
    destroys: `unsaved work of the process that listens on port ${port}, if it runs ${only.join(' or ')}`,
    repeatable,
    timeout_s,
    async run({ stop }) {
      if (stop.aborted) return { outcome: 'failed', exit: 'interrupted' };
      const result = await killPortHolder({
        port,
        mayKill: ({ identity: { pid } }) =>
          only.some((path) => runsExecutable(pid, path)) ||
          `it runs ${executableOf(pid) ?? 'what cannot be seen'}, which is not among those listed`,
        clock,
        within_ms: timeout_s * 1000,
        // However short the time is, some of it is left for SIGKILL.
        term_grace_ms: Math.min(grace, timeout_s * 0.8) * 1000,
      });
      switch (result.outcome) {
        case 'killed':
          return { outcome: 'worked', exit: `killed ${pids(result.holders)}` };
        case 'free':
          return { outcome: 'worked', exit: 'nobody held it any more' };
        case 'refused':
          return { outcome: 'failed', exit: withSignalled(result) };
        case 'timed_out':
          return { outcome: 'timed_out', exit: withSignalled(result) };
      }
    },
  };
}

interface Signalled {
  readonly reason: string;
  readonly signalled: readonly { readonly identity: { readonly pid: number } }[];
}

function withSignalled({ reason, signalled }: Signalled): string {
  return signalled.length === 0 ? reason : `${reason}; signalled before: ${pids(signalled)}`;
}

function pids(holders: Signalled['signalled']): string {
  return [...new Set(holders.map(({ identity }) => `pid ${identity.pid}`))].join(', ');
}
