import type { AuditDraft } from '../../core/records/audit-entry.js';
import { TASK_SCHEMA } from '../../core/records/task.js';
import type { By } from './decision.js';

type Step = 'task_registered' | 'task_completed' | 'task_cancelled';

/** Every version, and every proposal, is a task of its own: `config_update_v7`, `config_update_p3`. */
export function taskEntry(step: Step, id: string, by: By, title?: string): AuditDraft {
  const task_id = `config_update_${id}`;
  return {
    ...{ actor: by.account, action: step, resource: task_id, decision: {} },
    metadata: {
      ...{ schema: TASK_SCHEMA, task_id },
      ...(title === undefined ? {} : { task_type: 'config_update', subsystem: 'learning', title }),
      ...(step === 'task_completed' ? { verification_status: 'none' } : {}),
      ...by.facts,
    },
  };
}
