import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { grace, graceJson } from '../evidence/grace.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

/** The real logs of the old system; not part of this repository. */
const LEGACY = fileURLToPath(new URL('../../../shared/data/legacy-2025-11-20', import.meta.url));
const there = existsSync(join(LEGACY, 'incidents.jsonl'));
if (!there) console.log(`skipped: the logs of the old system are not at ${LEGACY}`);

describe.skipIf(!there)('the logs of 2025-11-20', () => {
  const text = (name: string) => grace(['evidence', name, '--logs', LEGACY]);
  const doc = (name: string) => graceJson(['evidence', name, '--logs', LEGACY]).doc;

  it('self-healing: what the original report would say, and the truth', () => {
    const { code, stdout, stderr } = text('self-healing');
    for (const said of [
      'the original report would say\n',
      '  7 incidents  ',
      '  2 resolved (28.6 %)  ',
      '  success rate 100 %  ',
      '  mean 0.294 s  ',
      '  fastest 0.078 s  ',
      '  slowest 0.511 s  ',
      '  [PASS] SELF-HEALING IS WORKING!\n',
      '  7 lines, 2 of them duplicates\n',
      '  3 incidents\n',
      '  1 real resolved (0.078 s, unverified, no action recorded)\n',
      '  1 simulated resolved (0.511 s, unverified)\n',
      '  1 simulated never closed\n',
    ]) {
      expect(stdout).toContain(said);
    }
    expect(stdout).toMatch(/^\[INCONCLUSIVE\] self-healing: /);
    expect(stderr).toBe('');
    expect(code).toBe(3);
  });

  it('self-healing: the same as raw figures', () => {
    const { claims, original_report, incidents, time_to_recover, by_failure_mode, exit_code } = doc('self-healing');
    const { original, truth } = original_report;
    expect(original.incidents).toBe(7);
    expect(original.resolved).toBe(2);
    expect(original.resolved_share).toBe(2 / 7);
    expect(original.success_rate).toBe(1);
    expect(original.mttr_mean_s).toBeCloseTo(0.2944365, 9);
    expect([original.mttr_fastest_s, original.mttr_slowest_s]).toEqual([0.077785, 0.511088]);
    expect(truth).toMatchObject({ lines: 7, duplicate_lines: 2, incidents: 3 });
    expect(claims[0]).toMatchObject({
      verdict: 'INCONCLUSIVE',
      n: 0,
      numbers: {
        incidents: 3,
        lines: 7,
        duplicate_lines: 2,
        real_incidents: 1,
        healed: 0,
        ended: 0,
        success_rate: null,
      },
    });
    expect(incidents).toMatchObject([
      { origin: 'real', incidents: 1, unverified: 1, open: 0 },
      { origin: 'drill', incidents: 0 },
      { origin: 'simulated', incidents: 2, unverified: 1, open: 1 },
    ]);
    expect(time_to_recover).toMatchObject([
      { origin: 'real', kind: 'unverified', total: { n: 1, p50_s: 0.077785 } },
      { origin: 'simulated', kind: 'unverified', total: { n: 1, p50_s: 0.511088 } },
    ]);
    expect(by_failure_mode.every((row: { time_to_recover: unknown }) => row.time_to_recover === null)).toBe(true);
    expect(exit_code).toBe(3);
  });

  it('learning: 103 lines with a word in them, 7 entries of the loop, nothing learned', () => {
    const { code, stdout } = text('learning');
    for (const said of [
      '  1,513 events  ',
      '  103 learning (6.8 %)  ',
      '  [PASS] LEARNING SYSTEM IS ACTIVE!  ',
      '  7 entries by the loop itself, all system_start\n',
      '  1,000 updates proposed, 25 distributed\n',
      '  0 outcomes learned from\n',
      '\n[INCONCLUSIVE] learning effect: 0 outcomes learned from\n',
      '  at least 100 more are needed\n',
    ]) {
      expect(stdout).toContain(said);
    }
    expect(stdout).toMatch(/^\[INCONCLUSIVE\] learning: /);
    expect(code).toBe(3);
    expect(doc('learning')).toMatchObject({
      entries: 1513,
      old_rule_entries: 103,
      loop: { entries: 7, ticks: 0, by_action: [{ actor: 'continuous_learning_loop', action: 'system_start', n: 7 }] },
      updates: { proposed: 1000, distributed: 25 },
      outcomes_learned: 0,
    });
  });

  it('unified: 3 tasks; 285 old task_completed lines over 46 resources are legacy', () => {
    const { code, stdout } = text('unified');
    expect(stdout).toMatch(/^\[PASS\] UNIFIED TASK REGISTRY IS TRACKING!\n/);
    expect(stdout).toContain('  285 old task_completed lines over 46 resources\n');
    expect(code).toBe(0);
    expect(doc('unified')).toMatchObject({
      tasks: 3,
      by_status: { completed: 2, pending: 1 },
      legacy_unregistered: [{ action: 'task_completed', n: 285, resources: 46 }],
    });
  });

  it('stay as they are, to the byte and the nanosecond, and nothing is added', () => {
    const before = fingerprintOf(LEGACY);
    for (const name of ['self-healing', 'learning', 'unified', 'all']) text(name);
    expect(fingerprintOf(LEGACY)).toEqual(before);
  });

  it('say the same from a copy that may be written, built once and read again', () => {
    const copy = join(tempDir(), 'copy');
    cpSync(LEGACY, copy, { recursive: true, mode: 0 });
    const withoutSource = (name: string, logs: string) => {
      const { claims, ...rest } = graceJson(['evidence', name, '--logs', logs]).doc;
      return { claims, original_report: rest.original_report ?? null, records: rest.records };
    };
    for (const name of ['self-healing', 'learning', 'unified']) {
      const from = withoutSource(name, LEGACY);
      expect(withoutSource(name, copy)).toEqual(from);
      expect(withoutSource(name, copy)).toEqual(from);
    }
  });
});
