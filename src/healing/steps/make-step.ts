import type { PlaybookConfig, StepConfig } from '../../core/config/schema/playbook-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Distrust } from '../distrust.js';
import type { Step } from '../playbook.js';
import { freeSpaceStep } from './free-space-step.js';
import { httpStep } from './http-step.js';
import { killPortHolderStep } from './kill-port-holder-step.js';
import { restartStep } from './restart-step.js';
import { restoreFileStep } from './restore-file-step.js';
import { restoreSqliteStep } from './restore-sqlite-step.js';
import { runStep } from './run-step.js';
import { signalStep } from './signal-step.js';
import { kindOf } from './step-kind.js';
import { SYSTEMCTL } from './systemctl.js';
import { waitStep } from './wait-step.js';

export interface StepTools {
  readonly clock: Clock;
  readonly distrust?: Distrust | undefined;
  /** Absolute path. */
  readonly systemctl?: string;
}

/** What grace.yaml says of a step, as something that runs. `params` are those its playbook declares. */
export function makeStep(
  step: StepConfig,
  { params }: Pick<PlaybookConfig, 'params'>,
  { clock, distrust, systemctl = SYSTEMCTL }: StepTools,
): Step {
  const { run, kill_port_holder, restart, signal, free_space, restore_file, restore_sqlite, http, wait, env } = step;
  const frame = { name: step.name ?? kindOf(step), timeout_s: step.timeout, repeatable: step.repeatable };
  if (run !== undefined) return runStep({ ...frame, argv: run, params, env }, { clock, distrust });
  if (kill_port_holder !== undefined) return killPortHolderStep({ ...frame, kill_port_holder }, clock);
  if (restart !== undefined) return restartStep({ ...frame, restart }, { clock, systemctl, distrust });
  if (signal !== undefined) return signalStep({ ...frame, signal }, { clock, systemctl });
  if (free_space !== undefined) return freeSpaceStep({ ...frame, free_space }, clock);
  if (restore_file !== undefined) return restoreFileStep({ ...frame, restore_file }, clock);
  if (restore_sqlite !== undefined) return restoreSqliteStep({ ...frame, restore_sqlite }, clock);
  if (http !== undefined) return httpStep({ ...frame, http }, clock);
  if (wait !== undefined) return waitStep({ ...frame, wait }, clock);
  throw new Error('a step that does nothing passed the schema');
}
