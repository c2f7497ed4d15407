import { LOG_FILE } from '../journal/log-files.js';
import { ACTION } from '../records/audit-actions.js';
import type { AuditDraft } from '../records/audit-entry.js';
import type { Loss } from '../registry/plan.js';

export function lossName(loss: Loss): string {
  return `${LOG_FILE[loss.log]}#${loss.had.slice(0, 16)}`;
}

export function lossEntry(loss: Loss): AuditDraft {
  const { log, kind, bytes_before, bytes_now, had } = loss;
  return {
    actor: 'grace',
    action: ACTION.logLossNoted,
    resource: lossName(loss),
    decision: { kind },
    metadata: { log, kind, bytes_before, bytes_now, had },
  };
}
