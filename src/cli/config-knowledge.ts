import type { ExtraFault } from '../core/config/config-fault.js';
import { sameIncidentWarnings, sharedRemedyWarnings } from '../core/config/config-warnings.js';
import type { ConfigKnowledge } from '../core/config/load-config.js';
import type { CheckConfig } from '../core/config/schema/check-schema.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { defaultFailureMode, defaultTarget } from '../healing/checks/check-defaults.js';
import { kindOfProgram } from '../healing/steps/interpreters.js';
import { playbookFaults } from '../healing/steps/playbook-faults.js';

/** What the room of healing knows of a configuration, joined here with the reading of it. */
export const configKnowledge: Required<ConfigKnowledge> = {
  extra: (config) => [
    ...faultsOfPlaybooks(config),
    ...sameIncidentWarnings(config, incidentOf),
    ...sharedRemedyWarnings(config, targetOf),
  ],
  kindOf: kindOfProgram,
};

function faultsOfPlaybooks({ playbooks }: GraceConfig): ExtraFault[] {
  return Object.entries(playbooks).flatMap(([name, playbook]) =>
    playbookFaults(playbook).map(({ path, message }) => ({ path: ['playbooks', name, ...path], message })),
  );
}

function incidentOf(name: string, check: CheckConfig) {
  return {
    target: targetOf(name, check),
    failure_mode: check.failure_mode ?? defaultFailureMode(check),
  };
}

function targetOf(name: string, check: CheckConfig): string {
  return check.target ?? defaultTarget(name, check);
}
