import { TASK_STATUSES, type TaskStatus } from '../core/records/task.js';
import { inMillis } from '../core/records/time.js';
import type { LegacyTasks, TaskFacts, TaskGroup, TaskLine } from '../core/registry/queries/evidence-tasks.js';
import { type Claim, excluding, type Report } from './claim.js';
import { integrityClaim, type RecordState, recordSums, unreadable } from './records.js';
import { type Summary, summarise } from './summary.js';
import { count, counted, named, sum } from './words.js';

export interface UnifiedReport extends Report {
  readonly tasks: number;
  readonly by_status: Readonly<Record<TaskStatus, number>>;
  readonly by_subsystem: readonly SubsystemTasks[];
  readonly by_type: readonly TypeTasks[];
  /** Of the completed tasks that state one. */
  readonly durations: Summary | null;
  readonly active: { readonly n: number; readonly first: readonly TaskLine[] };
  readonly recent: readonly TaskLine[];
  /** Over the whole log: they are not kept by time. */
  readonly legacy_unregistered: readonly LegacyTasks[];
  readonly records: RecordState;
}

export interface SubsystemTasks {
  readonly subsystem: string;
  readonly tasks: number;
  readonly by_status: Readonly<Record<TaskStatus, number>>;
  readonly durations: Summary | null;
}

export interface TypeTasks {
  readonly subsystem: string;
  readonly task_type: string;
  readonly tasks: number;
  readonly by_status: Readonly<Record<TaskStatus, number>>;
}

export function unifiedReport(facts: TaskFacts, records: RecordState): UnifiedReport {
  const tasks = sum(facts.groups, (group) => group.n);
  return {
    schema: 'grace.evidence.unified/1',
    claims: [registryClaim(facts, tasks, records), integrityClaim(records)],
    empty: tasks === 0,
    next:
      tasks === 0
        ? { argv: ['trigger', 'incident'], why: 'cause a real, contained fault; watch it being healed' }
        : null,
    tasks,
    by_status: byStatus(facts.groups),
    by_subsystem: grouped(facts.groups, (group) => group.subsystem).map(([subsystem, some]) => ({
      subsystem,
      tasks: sum(some, (group) => group.n),
      by_status: byStatus(some),
      durations: summarise(
        facts.durations.filter((task) => task.subsystem === subsystem).map((task) => task.duration_seconds),
      ),
    })),
    by_type: grouped(facts.groups, (group) => JSON.stringify([group.subsystem, group.task_type])).map(([key, some]) => {
      const [subsystem, task_type] = JSON.parse(key) as [string, string];
      return { subsystem, task_type, tasks: sum(some, (group) => group.n), by_status: byStatus(some) };
    }),
    durations: summarise(facts.durations.map((task) => task.duration_seconds)),
    active: { n: facts.active_n, first: facts.active.map(taskLine) },
    recent: facts.recent.map(taskLine),
    legacy_unregistered: facts.legacy,
    records,
  };
}

function taskLine(task: TaskLine): TaskLine {
  return { ...task, created_at: inMillis(task.created_at), completed_at: inMillis(task.completed_at) };
}

/** Does the registry show every task that the logs tell of? */
function registryClaim(facts: TaskFacts, tasks: number, records: RecordState): Claim {
  const sums = recordSums(records);
  const legacy = sum(facts.legacy, (entries) => entries.n);
  const resources = sum(facts.legacy, (entries) => entries.resources);
  const status = byStatus(facts.groups);
  const { verdict, headline, reasons } = judge(tasks, facts, sums);
  return {
    ...{ id: 'task_registry', verdict, headline },
    n: tasks,
    numbers: {
      tasks,
      ...status,
      active_now: facts.active_n,
      quarantined: sums.quarantined,
      unfolded_bytes: sums.unterminated_bytes,
      losses: sums.losses,
      legacy_entries: legacy,
      legacy_resources: resources,
    },
    excluded: [
      ...excluding({
        id: 'legacy_unregistered',
        what: `legacy ${named(legacy, 'entry', 'entries')} over ${counted(resources, 'resource')}`,
        n: legacy,
        why: 'not registered as tasks, though they look like tasks',
      }),
      ...unreadable(sums),
    ],
    reasons,
  };
}

function judge(
  tasks: number,
  facts: TaskFacts,
  { quarantined, unterminated_bytes, losses }: ReturnType<typeof recordSums>,
): Pick<Claim, 'verdict' | 'headline' | 'reasons'> {
  const subsystems = new Set(facts.groups.map((group) => group.subsystem)).size;
  const said = `${counted(tasks, 'task')} of ${counted(subsystems, 'subsystem')}, ${count(facts.active_n)} active now`;
  if (losses > 0) {
    return {
      verdict: 'FAIL',
      headline: 'unified registry: bytes of the logs are gone',
      reasons: [said, `${counted(losses, 'loss', 'losses')}: tasks told of in those bytes may be missing`],
    };
  }
  if (quarantined > 0 || unterminated_bytes > 0) {
    return {
      verdict: 'PARTIAL',
      headline: 'unified registry: some of the logs could not be read',
      reasons: [said],
    };
  }
  if (tasks === 0) {
    return { verdict: 'INCONCLUSIVE', headline: 'unified registry: no tasks', reasons: ['the logs tell of no task'] };
  }
  return {
    verdict: 'PASS',
    headline: 'UNIFIED TASK REGISTRY IS TRACKING!',
    reasons: [said, 'the registry is level with the logs'],
  };
}

function byStatus(groups: readonly TaskGroup[]): Record<TaskStatus, number> {
  const n = { pending: 0, active: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const status of TASK_STATUSES) n[status] = sum(groups, (group) => (group.status === status ? group.n : 0));
  return n;
}

function grouped(groups: readonly TaskGroup[], keyOf: (group: TaskGroup) => string): [string, TaskGroup[]][] {
  const by = new Map<string, TaskGroup[]>();
  for (const group of groups) {
    const some = by.get(keyOf(group));
    if (some) some.push(group);
    else by.set(keyOf(group), [group]);
  }
  return [...by];
}
