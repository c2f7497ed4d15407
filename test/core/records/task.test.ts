import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import { foldTaskEntry, kindOfTaskEntry, type Task, taskOfIncident } from '../../../src/core/records/task.js';
import { newIncident, oldAudit, oldIncident, taskEntry } from '../../support/records.js';

/** Folds a series; the last step decides. */
function fold(...entries: AuditEntry[]) {
  let task: Task | undefined;
  let step = foldTaskEntry(undefined, entries[0] ?? oldAudit());
  for (const [i, entry] of entries.entries()) {
    step = foldTaskEntry(task, entry);
    if (!step.ok) {
      if (i < entries.length - 1) throw new Error(`step ${i}: ${step.reason}`);
      break;
    }
    task = step.task;
  }
  return step;
}
const taskOf = (...entries: AuditEntry[]) => {
  const step = fold(...entries);
  if (!step.ok) throw new Error(step.reason);
  return step.task;
};
const reasonOf = (...entries: AuditEntry[]) => {
  const step = fold(...entries);
  return step.ok ? `accepted: ${step.task.status}` : step.reason;
};
const at = (entry: AuditEntry, timestamp: string): AuditEntry => ({ ...entry, timestamp });

const registered = taskEntry('task_registered', 'j1', {
  priority: 9,
  description: 'nightly',
  assigned_to: 'worker',
  verification_required: true,
  tags: ['a', 1, 'b'],
  task_metadata: { size: 3 },
});
const started = at(taskEntry('task_started', 'j1'), '2026-11-23T01:00:00Z');
const completed = at(taskEntry('task_completed', 'j1', { duration_seconds: 60 }), '2026-11-23T01:01:00Z');

describe('kindOfTaskEntry', () => {
  it.each(['registered', 'started', 'progress', 'completed', 'failed', 'cancelled'])('task_%s', (name) => {
    expect(kindOfTaskEntry(taskEntry(`task_${name}`, 'j1'))).toBe('registered');
    expect(kindOfTaskEntry(oldAudit({ action: `task_${name}` }))).toBe('legacy');
    expect(kindOfTaskEntry(oldAudit({ action: `task_${name}`, metadata: { schema: 'grace.task/2' } }))).toBe('legacy');
  });

  it('leaves other entries alone', () => {
    expect(kindOfTaskEntry(oldAudit({ metadata: { schema: 'grace.task/1' } }))).toBeUndefined();
    expect(kindOfTaskEntry(oldAudit({ action: 'task_queued' }))).toBeUndefined();
  });
});

describe('a task', () => {
  it('is registered with its columns', () => {
    expect(taskOf(registered)).toEqual({
      task_id: 'j1',
      source: 'audit',
      task_type: 'job',
      subsystem: 'backup',
      title: 'job j1',
      description: 'nightly',
      created_by: 'grace',
      assigned_to: 'worker',
      status: 'pending',
      priority: 9,
      created_at: '2026-11-23T00:18:47.123000Z',
      started_at: null,
      completed_at: null,
      duration_seconds: null,
      cpu_seconds: null,
      memory_peak_mb: null,
      memory_avg_mb: null,
      disk_read_mb: null,
      disk_write_mb: null,
      progress: null,
      verification_required: 1,
      verification_status: null,
      sla_deadline: null,
      sla_met: null,
      error_message: null,
      task_metadata: '{"size":3}',
      tags: '["a","b"]',
    });
  });

  it('starts, goes on and ends', () => {
    const progress = taskEntry('task_progress', 'j1', { progress: 40, cpu_seconds: 1.5, memory_peak_mb: -1 });
    expect(taskOf(registered, started)).toMatchObject({ status: 'active', started_at: '2026-11-23T01:00:00.000000Z' });
    expect(taskOf(registered, started, progress)).toMatchObject({
      status: 'active',
      progress: 40,
      cpu_seconds: 1.5,
      memory_peak_mb: null,
    });
    expect(taskOf(registered, started, progress, completed)).toMatchObject({
      status: 'completed',
      completed_at: '2026-11-23T01:01:00.000000Z',
      duration_seconds: 60,
      cpu_seconds: 1.5,
      progress: 40,
      error_message: null,
    });
  });

  it('keeps the time of its first start', () => {
    const again = at(taskEntry('task_started', 'j1'), '2026-11-23T02:00:00Z');
    expect(taskOf(registered, started, again).started_at).toBe('2026-11-23T01:00:00.000000Z');
  });

  it('can end without having started', () => {
    expect(taskOf(registered, taskEntry('task_cancelled', 'j1'))).toMatchObject({
      status: 'cancelled',
      started_at: null,
    });
    expect(taskOf(registered, taskEntry('task_failed', 'j1', { error_message: 'no disk' }))).toMatchObject({
      status: 'failed',
      error_message: 'no disk',
    });
  });

  it.each([
    [0, 5],
    [11, 5],
    ['9', 5],
    [1, 1],
    [10, 10],
    [2.4, 2],
  ])('priority %j becomes %i', (priority, want) => {
    expect(taskOf(taskEntry('task_registered', 'j1', { priority })).priority).toBe(want);
  });

  it.each([
    ['2026-11-23T01:01:00Z', 1],
    ['2026-11-23T02:01:00+01:00', 1],
    ['2026-11-23T01:00:59.999Z', 0],
    ['some day', null],
  ])('a deadline at %s is met: %j', (sla_deadline, met) => {
    const withDeadline = taskEntry('task_registered', 'j1', { sla_deadline });
    expect(taskOf(withDeadline, started, completed).sla_met).toBe(met);
  });
});

describe('a step that cannot be', () => {
  const steps = ['started', 'progress', 'completed', 'failed', 'cancelled'];
  const ends = ['completed', 'failed', 'cancelled'];

  it.each(steps)('task_%s of a task nobody registered', (name) => {
    expect(reasonOf(taskEntry(`task_${name}`, 'j1'))).toBe('task j1 was never registered');
  });

  it.each(ends.flatMap((end) => steps.map((next) => [end, next] as const)))('task_%s, then task_%s', (end, next) => {
    expect(reasonOf(registered, taskEntry(`task_${end}`, 'j1'), taskEntry(`task_${next}`, 'j1'))).toBe(
      'task j1 has already ended',
    );
  });

  it('a second registration', () => {
    expect(reasonOf(registered, registered)).toBe('task j1 is registered twice');
    expect(reasonOf(registered, completed, registered)).toBe('task j1 is registered twice');
  });

  it.each(['task_type', 'subsystem', 'title'])('a registration without %s', (field) => {
    expect(reasonOf(taskEntry('task_registered', 'j1', { [field]: '' }))).toBe(
      'a registration needs metadata.task_type, subsystem and title',
    );
  });

  it.each(['', 5, null])('a task id of %j', (task_id) => {
    expect(reasonOf(taskEntry('task_registered', 'x', { task_id }))).toBe('field metadata.task_id is missing');
  });
});

describe('taskOfIncident', () => {
  it.each([
    ['critical', 10],
    ['high', 8],
    ['medium', 5],
    ['low', 2],
  ] as const)('severity %s has priority %i', (severity, priority) => {
    expect(taskOfIncident(oldIncident({ severity }))).toMatchObject({
      priority,
      title: `${severity.toUpperCase()}: port_in_use`,
      task_type: 'healing_incident',
      subsystem: 'self_healing',
    });
  });

  it.each([
    ['detected', 'pending'],
    ['remediating', 'active'],
    ['resolved', 'completed'],
    ['failed', 'failed'],
  ] as const)('status %s is %s', (status, want) => {
    expect(taskOfIncident(oldIncident({ status })).status).toBe(want);
  });

  it('is created and starts at the detection, whatever the onset', () => {
    const detected = '2026-11-23T00:18:47.123000Z';
    expect(newIncident().onset_at).toBe('2026-11-23T00:18:42.001Z');
    expect(taskOfIncident(newIncident())).toMatchObject({ created_at: detected, started_at: detected });
    const old = '2025-11-17T16:43:28.024197Z';
    expect(taskOfIncident(oldIncident())).toMatchObject({ created_at: old, started_at: old });
  });

  it('says verified only of what was', () => {
    expect(taskOfIncident(oldIncident({ status: 'resolved' })).verification_status).toBe('unverified');
    const verification = { status: 'failed', by: 'web', passes: 0, at: null } as const;
    expect(taskOfIncident(newIncident({ verification })).verification_status).toBe('failed');
  });
});
