import { describe, expect, it } from 'vitest';
import { unifiedReport } from '../../src/evidence/unified.js';
import { logState, taskFacts, wholeRecords } from './facts.js';

const groups = [
  { subsystem: 'backup', task_type: 'job', status: 'active', n: 1 },
  { subsystem: 'backup', task_type: 'job', status: 'completed', n: 2 },
  { subsystem: 'backup', task_type: 'purge', status: 'cancelled', n: 1 },
  { subsystem: 'self_healing', task_type: 'healing_incident', status: 'completed', n: 4 },
] as const;
const durations = [1, 3].map((duration_seconds) => ({ subsystem: 'backup', duration_seconds }));
const legacy = [{ action: 'task_completed', n: 285, resources: 46 }];
const loss = { log: 'audit', kind: 'removed', bytes_before: 5, bytes_now: 0, had: '' } as const;

describe('the headline', () => {
  it('is PASS in the old words when tasks are tracked and everything was read', () => {
    expect(unifiedReport(taskFacts({ groups, active_n: 1 }), wholeRecords()).claims[0]).toMatchObject({
      id: 'task_registry',
      verdict: 'PASS',
      headline: 'UNIFIED TASK REGISTRY IS TRACKING!',
      n: 8,
      numbers: { tasks: 8, completed: 6, active: 1, cancelled: 1, failed: 0, pending: 0, active_now: 1 },
      reasons: ['8 tasks of 2 subsystems, 1 active now', 'the registry is level with the logs'],
    });
  });

  it.each([{ quarantined: 1 }, { unterminated_bytes: 1 }])(
    'is PARTIAL when something could not be read: %j',
    (change) => {
      const records = wholeRecords({ logs: [logState('audit', change)] });
      expect(unifiedReport(taskFacts({ groups }), records).claims[0].verdict).toBe('PARTIAL');
      expect(unifiedReport(taskFacts(), records).claims[0].verdict).toBe('PARTIAL');
    },
  );

  it('is FAIL when bytes are gone', () => {
    const records = wholeRecords({ losses: [loss], logs: [logState('audit', { quarantined: 1 })] });
    expect(unifiedReport(taskFacts({ groups }), records).claims[0].verdict).toBe('FAIL');
  });

  it('is INCONCLUSIVE without tasks, and legacy entries are none', () => {
    const { claims, empty, next } = unifiedReport(taskFacts({ legacy }), wholeRecords());
    expect(claims[0]).toMatchObject({ verdict: 'INCONCLUSIVE', headline: 'unified registry: no tasks', n: 0 });
    expect(claims[0].excluded).toEqual([
      expect.objectContaining({ id: 'legacy_unregistered', what: 'legacy entries over 46 resources', n: 285 }),
    ]);
    expect(empty).toBe(true);
    expect(next?.argv).toEqual(['trigger', 'incident']);
  });
});

describe('the sections', () => {
  const report = unifiedReport(taskFacts({ groups, durations, legacy }), wholeRecords());

  it('count by subsystem, type and status', () => {
    expect(report.by_status).toEqual({ pending: 0, active: 1, completed: 6, failed: 0, cancelled: 1 });
    expect(report.by_subsystem.map(({ subsystem, tasks }) => [subsystem, tasks])).toEqual([
      ['backup', 4],
      ['self_healing', 4],
    ]);
    expect(report.by_type.map(({ subsystem, task_type, tasks }) => [subsystem, task_type, tasks])).toEqual([
      ['backup', 'job', 3],
      ['backup', 'purge', 1],
      ['self_healing', 'healing_incident', 4],
    ]);
  });

  it('give durations of each subsystem that has some', () => {
    expect(report.by_subsystem.map(({ durations }) => durations?.mean_s)).toEqual([2, undefined]);
    expect(report.durations).toMatchObject({ n: 2, p50_s: 1, p95_s: 3 });
  });
});
