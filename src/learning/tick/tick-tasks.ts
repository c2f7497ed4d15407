import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { JsonObject } from '../../core/records/json.js';
import { clockOf, type Now } from '../../core/records/moment.js';
import { TASK_SCHEMA } from '../../core/records/task.js';
import { readProposal } from '../governance/proposal.js';
import { readVersion } from '../governance/version.js';
import { taskEntry } from '../governance/version-task.js';
import type { TickFacts } from './facts.js';
import { appliedWords, proposedWords } from './words.js';

/** Characters. */
const MOST_TITLE = 200;

const TICK = 'learning_tick_';
const PROPOSAL = 'config_update_p';

/** Of a version or a proposal. */
export function versionTask(
  step: 'task_registered' | 'task_completed' | 'task_cancelled',
  id: string,
  now: Now,
  title?: string,
): AuditDraft {
  const by = { account: 'learner', rule: '', facts: clockOf(now), reason: null };
  return step === 'task_registered' ? taskEntry(step, id, by, title?.slice(0, MOST_TITLE)) : taskEntry(step, id, by);
}

/** Of the tick itself. */
export function tickTask(step: 'task_registered' | 'task_completed', { tick_id, now }: TickFacts): AuditDraft {
  const about = { task_type: 'learning_tick', subsystem: 'learning', title: 'Learns from what has happened' };
  return taskStep(step, `${TICK}${tick_id}`, now, step === 'task_registered' ? about : { verification_status: 'none' });
}

/** What a tick that was cut off has left undone among the tasks. */
export function mendedTasks(facts: TickFacts): AuditDraft[] {
  const { tasks, open, since, now } = facts;
  const ended = new Map(tasks.map((task) => [task.task_id, task.ended]));
  const entries: AuditDraft[] = [];
  for (const entry of since) {
    const version = entry.action === ACTION.configUpdate && entry.actor === 'learner' ? readVersion(entry) : undefined;
    const state = version && ended.get(`config_update_${version.id}`);
    if (version === undefined || state === true) continue;
    const words = appliedWords(version.id, version, version.reason);
    if (state === undefined) entries.push(versionTask('task_registered', version.id, now, words));
    entries.push(versionTask('task_completed', version.id, now));
  }
  for (const entry of open) {
    const proposal = readProposal(entry);
    if (proposal === undefined || ended.has(`config_update_${proposal.id}`)) continue;
    entries.push(versionTask('task_registered', proposal.id, now, proposedWords(proposal.id, proposal)));
  }
  const standing = new Set(open.map(({ subject }) => `config_update_${subject}`));
  for (const { task_id, ended } of tasks) {
    if (ended) continue;
    if (task_id.startsWith(PROPOSAL) && !standing.has(task_id)) entries.push(...endedProposal(task_id, since, now));
    if (task_id.startsWith(TICK)) {
      const error_message = `It was cut off; ${TICK}${facts.tick_id} has done what was left.`;
      entries.push(taskStep('task_failed', task_id, now, { error_message }));
    }
  }
  return entries;
}

/** A proposal that is decided, of which nothing but its task was left open. */
function endedProposal(task_id: string, since: TickFacts['since'], now: Now): AuditDraft[] {
  const id = task_id.slice('config_update_'.length);
  const about = since.filter(({ subject }) => subject === id).map(({ action }) => action);
  if (about.includes(ACTION.changeWithdrawn) || about.includes(ACTION.changeRejected)) {
    return [versionTask('task_cancelled', id, now)];
  }
  const approved = about.includes(ACTION.changeApproved);
  return approved ? [versionTask('task_completed', id, now)] : [];
}

function taskStep(action: string, task_id: string, now: Now, more: JsonObject): AuditDraft {
  const metadata = { schema: TASK_SCHEMA, task_id, ...more, ...clockOf(now) };
  return { actor: 'learner', action, resource: task_id, decision: {}, metadata };
}
