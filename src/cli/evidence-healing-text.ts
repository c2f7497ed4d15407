import type { RecoveryKind } from '../evidence/healing-kinds.js';
import type { RecoveryTimes } from '../evidence/healing-tallies.js';
import type { HealingComparison, OriginalHealing, TrueOutcome } from '../evidence/original-healing.js';
import type { Breakdown, OriginTally, SelfHealingReport } from '../evidence/self-healing.js';
import { count, counted } from '../evidence/words.js';
import { percent, SUMMARY_COLUMNS, share, summaryCells, thousandths } from './evidence-figures.js';
import type { Page, Row } from './evidence-page.js';

export function selfHealingSections(page: Page, report: SelfHealingReport): void {
  if (!report.empty) {
    writeIncidents(page, report);
    writeAttempts(page, report);
    writeTimes(page, report);
    writeBreakdown(page, 'By failure mode', 'failure mode', report.by_failure_mode);
    writeBreakdown(page, 'By playbook', 'playbook', report.by_playbook);
  }
  if (report.original_report) writeOriginal(page, report.original_report, report);
}

function writeIncidents(page: Page, { incidents }: SelfHealingReport): void {
  const shown = incidents.filter((tally) => tally.origin === 'real' || tally.incidents > 0);
  const row = (name: string, value: (tally: OriginTally) => Row[number]): Row => [name, ...shown.map(value)];
  // A row of noughts tells nobody anything.
  const some = (name: string, value: (tally: OriginTally) => number): Row[] =>
    shown.some((tally) => value(tally) > 0) ? [row(name, value)] : [];
  const success = ({ healed, ended }: OriginTally) => (ended === 0 ? null : share(healed, ended));
  page.title('Incidents');
  page.table(
    [{ header: '' }, ...shown.map(({ origin }) => ({ header: origin, align: 'right' }) as const)],
    [
      row('distinct', (tally) => tally.incidents),
      row('healed and verified', (tally) => tally.healed),
      row('failed', (tally) => tally.failed),
      ...(shown.some(({ ended }) => ended > 0) ? [row('success, of ended', success)] : []),
      ...some('recovered otherwise', (tally) => tally.without_grace),
      ...some('recovered, unverified', (tally) => tally.unverified),
      row('open', (tally) => tally.open),
      ...some('relapses', (tally) => tally.relapses),
      ...some('episodes that needed a person', (tally) => tally.episodes_for_person),
      row('lines', (tally) => tally.lines),
      ...some('of them duplicates', (tally) => tally.duplicate_lines),
    ],
  );
}

/** How often something was tried, and how that went: an incident that was healed in the end may have taken many. */
function writeAttempts(page: Page, { attempts_by_playbook: rows }: SelfHealingReport): void {
  if (rows.length === 0) return;
  const someStaged = rows.some(({ origin }) => origin !== 'real');
  page.title('Attempts');
  page.table(
    [
      { header: 'playbook' },
      { header: 'origin', optional: true },
      ...(['attempts', 'worked', 'failed', 'unknown', 'under way', 'forced'] as const).map(
        (header) => ({ header, align: 'right', optional: header === 'under way' || header === 'forced' }) as const,
      ),
    ],
    rows.map((of) => [
      ...[of.playbook_id, someStaged ? of.origin : null],
      ...[of.attempts, of.attempts_worked, of.attempts_failed, of.attempts_unknown],
      ...[of.attempts_under_way || null, of.attempts_forced || null],
    ]),
  );
}

const KIND: Readonly<Record<RecoveryKind, string>> = {
  healed: 'healed and verified',
  without_grace: 'otherwise',
  unverified: 'unverified',
};

const PARTS = ['confirm', 'decide', 'act', 'verify'] as const satisfies readonly (keyof RecoveryTimes)[];

function writeTimes(page: Page, { time_to_recover }: SelfHealingReport): void {
  page.title('Time to recover');
  if (time_to_recover.length === 0) {
    page.paragraph('nothing has recovered');
    return;
  }
  const rows = time_to_recover.flatMap(({ origin, kind, total, ...times }) => {
    const parts = PARTS.flatMap((part) => (times[part] ? [[`  ${part}`, ...summaryCells(times[part])]] : []));
    return total === null && parts.length === 0 ? [] : [[`${origin}, ${KIND[kind]}`, ...summaryCells(total)], ...parts];
  });
  if (rows.length === 0) page.paragraph('none is recorded');
  else page.table([{ header: '' }, ...SUMMARY_COLUMNS], rows);
}

function writeBreakdown(page: Page, title: string, header: string, rows: readonly Breakdown[]): void {
  const someStaged = rows.some((row) => row.origin !== 'real');
  page.title(title);
  if (rows.every(({ name }) => name === null)) {
    page.paragraph('none');
    return;
  }
  page.table(
    [
      { header },
      { header: 'origin', optional: true },
      { header: 'incidents', align: 'right' },
      { header: 'healed', align: 'right', optional: true },
      ...SUMMARY_COLUMNS.slice(0, 4),
    ],
    rows.map(({ name, origin, incidents, healed, ended, time_to_recover }) => [
      name ?? '(none recorded)',
      someStaged ? origin : null,
      incidents,
      ended === 0 ? null : `${count(healed)} of ${count(ended)}`,
      ...summaryCells(time_to_recover).slice(0, 4),
    ]),
  );
}

function writeOriginal(page: Page, { original, truth }: HealingComparison, { claims }: SelfHealingReport): void {
  const [{ verdict, headline }] = claims;
  page.title('the original report would say');
  page.compare(
    ['original', originalLines(original)],
    [
      'true',
      [
        `${counted(truth.lines, 'line')}, ${count(truth.duplicate_lines)} of them duplicates`,
        counted(truth.incidents, 'incident'),
        ...truth.outcomes.map(outcomeLine),
        `[${verdict}] ${headline}`,
      ],
    ],
  );
}

function originalLines(original: OriginalHealing): string[] {
  const { incidents, resolved, resolved_share, success_rate, passes } = original;
  return [
    counted(incidents, 'incident'),
    `${count(resolved)} resolved (${percent(resolved_share)})`,
    `success rate ${percent(success_rate)}`,
    `mean ${thousandths(original.mttr_mean_s)}`,
    `fastest ${thousandths(original.mttr_fastest_s)}`,
    `slowest ${thousandths(original.mttr_slowest_s)}`,
    passes ? '[PASS] SELF-HEALING IS WORKING!' : 'no [PASS]',
  ];
}

/** `1 real resolved (0.078 s, unverified, no action recorded)`. */
function outcomeLine({ origin, outcome, n, verified, acted, time_to_recover: time }: TrueOutcome): string {
  const what = `${count(n)} ${origin} ${outcome}`;
  if (outcome !== 'resolved') return what;
  const notes = [
    ...(time === null
      ? []
      : [time.n === 1 ? thousandths(time.mean_s) : `p50 ${thousandths(time.p50_s)} of ${count(time.n)}`]),
    ...portion(verified, n, 'verified', 'unverified'),
    ...portion(acted, n, undefined, 'no action recorded'),
  ];
  return notes.length === 0 ? what : `${what} (${notes.join(', ')})`;
}

function portion(some: number, all: number, whole: string | undefined, none: string): string[] {
  if (some === 0) return [none];
  if (some < all) return [`${none}: ${count(all - some)} of ${count(all)}`];
  return whole === undefined ? [] : [whole];
}
