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
      // Words prove nothing: they are counted for the comparison with the report that went by them.
      ...(report.original_report === null
        ? []
        : [['that contain a learning word', old_rule_entries, share(old_rule_entries, entries)]]),
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
    more(page, loop.by_action.length, 'other action');
  }
  writeKept(page, report);
  writeAccounts(page, report);
  writeCalibration(page, report);
  writeLeftOut(page, report);
  if (report.original_report) writeOriginal(page, report.original_report, report);
}

function more(page: Page, all: number, what: string): void {
  if (all > LISTED) page.paragraph(`and ${counted(all - LISTED, what)}`);
}

const KEPT: Readonly<Record<keyof LearningReport['kept'], string>> = {
  outcomes: 'outcomes folded',
  failure_modes: 'failure modes',
  targets: 'targets',
  playbook_tallies: 'tallies of playbooks',
  wait_curves: 'curves of waits',
  orders_in_force: 'learned orders in force',
  waits_in_force: 'learned waits in force',
  proposals_open: 'proposals that wait for a person',
};

function writeKept(page: Page, { kept, versions }: LearningReport): void {
  const names = Object.keys(KEPT) as (keyof typeof KEPT)[];
  if (versions.overall === 0 && names.every((name) => kept[name] === 0)) return;
  page.title('What is kept of all that was learned');
  page.table(
    [{ header: 'kind' }, { header: 'n', align: 'right' }],
    [
      ...names.map((name) => [KEPT[name], kept[name]]),
      ['versions, today (UTC)', versions.today],
      ['versions, overall', versions.overall],
    ],
  );
}

const DID: ReadonlyMap<string, string> = new Map([
  ['config_update', 'made a version'],
  ['change_approved', 'approved'],
  ['change_rejected', 'rejected'],
]);

function writeAccounts(page: Page, { accounts, proposals, denied }: LearningReport): void {
  const { made, approved, rejected, withdrawn } = proposals;
  if (accounts.length === 0 && denied.length === 0 && made === 0) return;
  page.title('Who changed what, and by which rule');
  if (accounts.length === 0) page.paragraph('nobody has changed anything');
  else {
    page.table(
      [{ header: 'account' }, { header: 'did' }, { header: 'n', align: 'right' }, { header: 'rule' }],
      accounts.slice(0, LISTED).map(({ account, action, n, rule }) => [account, DID.get(action) ?? action, n, rule]),
    );
    more(page, accounts.length, 'other row');
  }
  if (made + approved + rejected + withdrawn > 0) {
    page.paragraph(
      `proposals: ${count(made)} made, ${count(approved)} approved, ${count(rejected)} rejected, ${count(withdrawn)} withdrawn`,
    );
  }
  for (const { account, n } of denied.slice(0, LISTED)) {
    page.paragraph(`denied: ${counted(n, 'request')} by ${account}, which has no grant for it`);
  }
  more(page, denied.length, 'other account');
}

function writeCalibration(page: Page, { calibration }: LearningReport): void {
  const rows = calibration.filter(({ n }) => n > 0);
  if (rows.length === 0) return;
  page.title('The first playbook: predicted and observed');
  page.table(
    [
      { header: 'chance' },
      { header: 'n', align: 'right' },
      { header: 'predicted', align: 'right' },
      { header: 'observed', align: 'right' },
    ],
    rows.map(({ from, to, n, predicted, observed }) => [
      `${Math.round(from * 100)}–${Math.round(to * 100)} %`,
      n,
      percent(predicted),
      percent(observed),
    ]),
  );
}

/** The words are data. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['person_first', 'a person was asked for before anything was tried'],
  ['unknown_attempt', 'nobody knows how an attempt ended'],
  ['config_changed', 'another grace.yaml came into force while it lasted'],
  ['no_arm', 'opened before there was learning'],
  ['incomplete', 'the log does not hold all that is needed'],
]);

function writeLeftOut(page: Page, { left_out }: LearningReport): void {
  if (left_out.length === 0) return;
  page.title('Outcomes that do not count for everything');
  page.table(
    [{ header: 'why' }, { header: 'n', align: 'right' }, { header: 'compared all the same', align: 'right' }],
    left_out.slice(0, LISTED).map(({ word, n, compared }) => [LEFT_OUT.get(word) ?? word, n, compared]),
  );
  more(page, left_out.length, 'other reason');
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
