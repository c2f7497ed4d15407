import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { grace, graceJson, logsOf } from '../evidence/grace.js';
import { healed } from '../evidence/incidents.js';
import { newAudit } from '../support/records.js';
import { tempDir } from '../support/temp-dir.js';

/** Lines as the old system wrote them, with figures that occur nowhere else. */
function oldLogs(): string {
  const dir = tempDir();
  for (const name of ['incidents.jsonl', 'immutable_audit.jsonl']) {
    copyFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)), join(dir, name));
  }
  return dir;
}

/** The lines under the title, to the next empty one. */
function block(stdout: string, title: string): string[] {
  const lines = stdout.split('\n');
  const from = lines.indexOf(title);
  return from === -1 ? [] : lines.slice(from + 1, lines.indexOf('', from));
}

const TITLE = 'the original report would say';

describe('a log of the old system', () => {
  it('shows what the original report would say about healing, and the truth beside it', () => {
    const { code, stdout } = grace(['evidence', 'self-healing', '--logs', oldLogs()]);
    const rows = block(stdout, TITLE).map((row) => row.trim().split(/ {3,}/));
    expect(rows).toEqual([
      ['original', 'true'],
      ['8 incidents', '8 lines, 3 of them duplicates'],
      ['3 resolved (37.5 %)', '3 incidents'],
      ['success rate 66.7 %', '1 real resolved (2.000 s, unverified, no action recorded)'],
      ['mean 3.333 s', '1 real never closed'],
      ['fastest 2.000 s', '1 simulated resolved (6.000 s, unverified)'],
      ['slowest 6.000 s', '[PARTIAL] self-healing: 1 real incident open for more than 15 min'],
      ['[PASS] SELF-HEALING IS WORKING!'],
    ]);
    // Its PASS sets nothing: the true claim does.
    expect(stdout.split('\n')[0]).toBe('[PARTIAL] self-healing: 1 real incident open for more than 15 min');
    expect(code).toBe(1);
  });

  it('shows the same about learning', () => {
    const { code, stdout } = grace(['evidence', 'learning', '--logs', oldLogs()]);
    expect(block(stdout, TITLE).map((row) => row.trim().split(/ {3,}/))).toEqual([
      ['original', 'true'],
      ['8 events', '1 entry by the loop itself, all system_start'],
      ['2 learning (25 %)', '2 updates proposed, 1 distributed'],
      ['[PASS] LEARNING SYSTEM IS ACTIVE!', '0 outcomes learned from'],
      ['[INCONCLUSIVE] learning: the loop was started and completed no tick'],
      ['[INCONCLUSIVE] learning effect: 0 outcomes learned from'],
    ]);
    expect(code).toBe(3);
  });

  it('holds task entries without a registration apart', () => {
    const { code, stdout } = grace(['evidence', 'unified', '--logs', oldLogs()]);
    expect(stdout).toContain('not counted: 3 legacy entries over 2 resources');
    expect(stdout).toContain('  3 old task_completed lines over 2 resources\n');
    expect(code).toBe(0);
  });

  it('puts the two below each other on a narrow terminal', () => {
    const { stdout } = grace(['evidence', 'self-healing', '--logs', oldLogs()], { env: { COLUMNS: '60' } });
    const rows = block(stdout, TITLE);
    expect(rows.slice(0, 3)).toEqual(['  original', '    8 incidents', '    3 resolved (37.5 %)']);
    expect(rows).toContain('  true');
    expect(rows).toContain('    8 lines, 3 of them duplicates');
  });

  it('has its figures in the JSON', () => {
    const { doc } = graceJson(['evidence', 'self-healing', '--logs', oldLogs()]);
    expect(doc.original_report.original).toMatchObject({ incidents: 8, resolved: 3, successful: 2, passes: true });
    expect(doc.original_report.truth).toMatchObject({ lines: 8, duplicate_lines: 3, incidents: 3 });
  });

  it('is compared within the window only', () => {
    const { doc } = graceJson(['evidence', 'self-healing', '--since', '2025-11-02', '--logs', oldLogs()]);
    expect(doc.original_report.original).toMatchObject({ incidents: 5, resolved: 1, passes: true });
    const later = graceJson(['evidence', 'learning', '--since', '2025-11-02', '--logs', oldLogs()]);
    expect(later.doc.original_report).toBeNull();
  });
});

describe('a log of grace', () => {
  it('says nothing about an original report', () => {
    const dir = logsOf([healed()], [newAudit({ action: 'model_trained' })]);
    expect(grace(['evidence', 'all', '--logs', dir]).stdout).not.toContain(TITLE);
  });
});
