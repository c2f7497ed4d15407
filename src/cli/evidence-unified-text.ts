import { TASK_STATUSES, type TaskStatus } from '../core/records/task.js';
import type { UnifiedReport } from '../evidence/unified.js';
import { count, counted } from '../evidence/words.js';
import { SUMMARY_COLUMNS, summaryCells } from './evidence-figures.js';
import type { Page } from './evidence-page.js';
import { formatSeconds, formatUtc } from './output/time.js';

export function unifiedSections(page: Page, report: UnifiedReport): void {
  if (report.tasks > 0) {
    writeCounts(page, report);
    writeDurations(page, report);
  }
  writeActive(page, report);
  writeRecent(page, report);
  writeLegacy(page, report);
}

function writeCounts(page: Page, { tasks, by_status, by_type }: UnifiedReport): void {
  page.title('Tasks');
  page.table(
    [{ header: 'subsystem' }, { header: 'type' }, { header: 'tasks', align: 'right' }, { header: 'status' }],
    [
      ...by_type.map((row) => [row.subsystem, row.task_type, row.tasks, statusWords(row.by_status)]),
      ...(by_type.length > 1 ? [['all', '', tasks, statusWords(by_status)]] : []),
    ],
  );
}

function writeDurations(page: Page, { by_subsystem, durations }: UnifiedReport): void {
  page.title('Duration of completed tasks, as recorded');
  if (durations === null) {
    page.paragraph('none is recorded');
    return;
  }
  page.table(
    [{ header: 'subsystem' }, ...SUMMARY_COLUMNS],
    [
      ...by_subsystem.flatMap((row) => (row.durations ? [[row.subsystem, ...summaryCells(row.durations)]] : [])),
      ...(by_subsystem.length > 1 ? [['all', ...summaryCells(durations)]] : []),
    ],
  );
}

function writeActive(page: Page, { active }: UnifiedReport): void {
  page.title('Active now');
  if (active.n === 0) {
    page.paragraph('nothing');
    return;
  }
  page.table(
    [{ header: 'id' }, { header: 'title' }, { header: 'progress', align: 'right' }, { header: 'since' }],
    active.first.map((task) => [
      task.task_id,
      task.title,
      task.progress === null ? null : `${Number(task.progress.toFixed(1))} %`,
      formatUtc(task.created_at),
    ]),
  );
  if (active.n > active.first.length) page.paragraph(`and ${count(active.n - active.first.length)} more`);
}

function writeRecent(page: Page, { recent }: UnifiedReport): void {
  page.title('Ended last');
  if (recent.length === 0) {
    page.paragraph('nothing');
    return;
  }
  page.table(
    [{ header: 'id' }, { header: 'title' }, { header: 'status' }, { header: 'took', align: 'right' }],
    recent.map((task) => [task.task_id, task.title, task.status, formatSeconds(task.duration_seconds)]),
  );
}

function writeLegacy(page: Page, { legacy_unregistered }: UnifiedReport): void {
  if (legacy_unregistered.length === 0) return;
  page.title('Legacy, unregistered (whole log)');
  for (const { action, n, resources } of legacy_unregistered) {
    page.paragraph(`${count(n)} old ${action} ${n === 1 ? 'line' : 'lines'} over ${counted(resources, 'resource')}`);
  }
}

function statusWords(by_status: Readonly<Record<TaskStatus, number>>): string {
  return TASK_STATUSES.filter((status) => by_status[status] > 0)
    .map((status) => `${count(by_status[status])} ${status}`)
    .join(', ');
}
