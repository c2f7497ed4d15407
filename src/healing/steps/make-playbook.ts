import type { PlaybookConfig, StepConfig } from '../../core/config/schema/playbook-schema.js';
import type { Playbook } from '../playbook.js';
import { makeStep, type StepTools } from './make-step.js';

export interface PlaybookTools extends StepTools {
  /** Between two probes of the check that it heals. */
  readonly every_s: number;
}

/** At most so long between two probes of a verification. */
const MOST_EVERY_S = 1;

/** What grace.yaml says of a playbook, as something that runs. The configuration has no faults. */
export function makePlaybook(id: string, config: PlaybookConfig, tools: PlaybookTools): Playbook {
  const make = (step: StepConfig) => makeStep(step, config, tools);
  const { passes, within } = config.verify;
  return {
    id,
    name: config.name ?? id,
    risk: config.risk,
    steps: config.steps.map(make),
    rollback: config.rollback.map(make),
    verify: { passes, within_s: within, every_s: verifyEvery_s(config, tools.every_s) },
    relapse_s: config.relapse,
    escalate: config.escalate,
    alone: Object.keys(config.params).length === 0,
  };
}

/** Seconds between two probes of a verification of a check that is otherwise probed each `every_s`. */
export function verifyEvery_s({ verify }: PlaybookConfig, every_s: number): number {
  return verify.every ?? Math.min(every_s, MOST_EVERY_S);
}

export { describePlaybook, type PlaybookDescription, type StepDescription } from './describe-playbook.js';
export { type PlaybookFault, playbookFaults } from './playbook-faults.js';
