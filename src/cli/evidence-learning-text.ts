import type { LearningComparison, LearningReport } from '../evidence/learning.js';
import { count, counted } from '../evidence/words.js';
import { percent, share } from './evidence-figures.js';
import type { Page } from './evidence-page.js';

/** How many actions of the loop are named; the count above them is complete. */
const LISTED = 10;

export function learningSections(page: Page, report: LearningReport): void {
  const { entries, old_rule_entries, loop, updates, outcomes_learned } = report;
  page.title('What the audit log shows');
  page.table(
    [{ header: '' }, { header: 'n', align: 'right' }, { header: 'share' }],
    [
      ['audit entries', entries, ''],
      ['that contain a learning word', old_rule_entries, share(old_rule_entries, entries)],
      ['by a learning loop itself', loop.entries, share(loop.entries, entries)],
      ['completed ticks of grace', loop.ticks, ''],
      ['outcomes learned from', outcomes_learned, ''],
      ...(updates.proposed + updates.distributed > 0
        ? [
            ['config updates proposed', updates.proposed, ''],
            ['config updates distributed', updates.distributed, share(updates.distributed, updates.proposed)],
          ]
        : []),
    ],
  );
  if (loop.by_action.length > 0) {
    page.title('Entries by a learning loop');
    page.table(
      [{ header: 'actor' }, { header: 'action' }, { header: 'n', align: 'right' }],
      loop.by_action.slice(0, LISTED).map(({ actor, action, n }) => [actor, action, n]),
    );
    const more = loop.by_action.length - LISTED;
    if (more > 0) page.paragraph(`and ${counted(more, 'other action')}`);
  }
  if (report.original_report) writeOriginal(page, report.original_report, report);
}

function writeOriginal(page: Page, { original, truth }: LearningComparison, { claims }: LearningReport): void {
  const { events, learning_events, share: part, passes } = original;
  const { loop_entries, loop_starts, proposed, distributed, outcomes_learned } = truth;
  const starts = loop_entries > 0 && loop_entries === loop_starts ? ', all system_start' : '';
  page.title('the original report would say');
  page.compare(
    [
      'original',
      [
        counted(events, 'event'),
        `${count(learning_events)} learning (${percent(part)})`,
        passes ? '[PASS] LEARNING SYSTEM IS ACTIVE!' : 'no [PASS]',
      ],
    ],
    [
      'true',
      [
        `${counted(loop_entries, 'entry', 'entries')} by the loop itself${starts}`,
        `${count(proposed)} updates proposed, ${count(distributed)} distributed`,
        `${counted(outcomes_learned, 'outcome')} learned from`,
        ...claims.slice(0, 2).map(({ verdict, headline }) => `[${verdict}] ${headline}`),
      ],
    ],
  );
}
