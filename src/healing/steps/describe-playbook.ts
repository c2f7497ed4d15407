import type { PlaybookConfig, StepConfig } from '../../core/config/schema/playbook-schema.js';
import type { Clock } from '../../core/host/clock.js';
import { shellQuoted } from '../../core/shell-quoted.js';
import type { Playbook, Risk } from '../playbook.js';
import { makeStep } from './make-step.js';
import { kindOf, type StepKind } from './step-kind.js';

export interface StepDescription {
  readonly name: string;
  readonly kind: StepKind;
  /** As a sentence without its subject. */
  readonly does: string;
  readonly destroys: string;
  readonly timeout_s: number;
  readonly repeatable: boolean;
}

export interface PlaybookDescription {
  readonly id: string;
  readonly name: string;
  readonly risk: Risk;
  readonly params: PlaybookConfig['params'];
  readonly steps: readonly StepDescription[];
  readonly rollback: readonly StepDescription[];
  readonly verify: Pick<Playbook['verify'], 'passes' | 'within_s'>;
  readonly relapse_s: number;
  readonly escalate: boolean;
}

/** Nothing that is described runs. */
const NO_CLOCK: Clock = { now: () => 0, elapsed: () => 0 };

export function describePlaybook(id: string, config: PlaybookConfig): PlaybookDescription {
  const describe = (step: StepConfig): StepDescription => {
    const { name, destroys, timeout_s, repeatable } = makeStep(step, config, { clock: NO_CLOCK });
    return { name, kind: kindOf(step), does: whatItDoes(step), destroys, timeout_s, repeatable };
  };
  return {
    id,
    name: config.name ?? id,
    risk: config.risk,
    params: config.params,
    steps: config.steps.map(describe),
    rollback: config.rollback.map(describe),
    verify: { passes: config.verify.passes, within_s: config.verify.within },
    relapse_s: config.relapse,
    escalate: config.escalate,
  };
}

function whatItDoes(step: StepConfig): string {
  const { run, kill_port_holder, restart, signal, free_space, restore_file, restore_sqlite, http, wait } = step;
  if (run) return `runs ${words(run)}`;
  if (kill_port_holder) {
    const { port, only, grace } = kill_port_holder;
    return `ends who listens on port ${port}, if it runs ${only.join(' or ')}: ${termThenKill(grace)}`;
  }
  if (restart?.unit !== undefined) return `restarts the ${restart.user ? 'user ' : ''}unit ${restart.unit}`;
  if (restart) {
    const stop = restart.stop ? `runs ${words(restart.stop)}, ` : '';
    return `${stop}ends the process of ${restart.pidfile} (${termThenKill(restart.grace)}) and starts ${words(restart.start ?? [])}`;
  }
  if (signal) {
    const whom = signal.pidfile
      ? `the process of ${signal.pidfile}${signal.executable ? `, if it runs ${signal.executable}` : ''}`
      : signal.unit
        ? `the main process of ${signal.unit}`
        : `all processes of ${signal.executable}`;
    return `sends SIG${signal.signal} to ${whom}`;
  }
  if (free_space) {
    const { how, globs, roots, older_than, keep } = free_space;
    const verb = how === 'compress' ? 'compresses' : 'deletes';
    const kept = keep > 0 ? `, except the newest ${keep} of each directory` : '';
    return `${verb} ${globs.map(shellQuoted).join(' ')} below ${roots.join(', ')} older than ${older_than} s${kept}`;
  }
  if (restore_file) return `puts ${restore_file.from} in the place of ${restore_file.path}`;
  if (restore_sqlite) return `restores the database ${restore_sqlite.path} from ${restore_sqlite.from}`;
  if (http) return `sends ${http.method} to ${shownUrl(http.url)}`;
  return `waits ${wait} s`;
}

/** An address may carry a password, and its query a token. */
function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function words(argv: readonly string[]): string {
  return argv.map(shellQuoted).join(' ');
}

function termThenKill(grace_s: number): string {
  return grace_s === 0 ? 'SIGKILL' : `SIGTERM, after ${grace_s} s SIGKILL`;
}
