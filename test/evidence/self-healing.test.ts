import { describe, expect, it } from 'vitest';
import { selfHealingReport } from '../../src/evidence/self-healing.js';
import { group, incidentFacts, logState, minutesAgo, NO_LINE_SUMS, NOW, recovery, wholeRecords } from './facts.js';

const report = (change: Parameters<typeof incidentFacts>[0] = {}, records = wholeRecords()) =>
  selfHealingReport(incidentFacts(change), records, NOW);
const headline = (change: Parameters<typeof incidentFacts>[0] = {}) => report(change).claims[0];

const failed = (told: number, incident_id = 'inc_f') => ({
  incident_id,
  detected_at: minutesAgo(60),
  failure_mode: 'disk_full',
  told,
});
const open = (minutes: number, incident_id = 'inc_o') => ({
  incident_id,
  detected_at: minutesAgo(minutes),
  failure_mode: 'api_timeout',
});
const failedGroup = group({ status: 'failed', verified: 0, resolution: 'none' });
const openGroup = group({ status: 'detected', verified: 0, resolution: 'none' });

describe('the headline', () => {
  it('is FAIL when a real incident failed and nobody was told, whatever else was healed', () => {
    const claim = headline({
      groups: [group({ n: 9 }), failedGroup, openGroup],
      failed: [failed(0)],
      open: [open(60)],
    });
    expect(claim.verdict).toBe('FAIL');
    expect(claim.headline).toBe('self-healing: 1 real incident failed and nobody was told');
    expect(claim.reasons.join('\n')).toContain('inc_f (disk_full)');
    expect(claim.numbers).toMatchObject({ failed: 1, failed_untold: 1, ended: 10, healed: 9, success_rate: 0.9 });
  });

  it('is not FAIL when somebody was told of the failure; the failure stays in the rate', () => {
    const claim = headline({ groups: [group(), failedGroup], failed: [failed(1)] });
    expect(claim.verdict).toBe('PASS');
    expect(claim.numbers).toMatchObject({ failed: 1, failed_untold: 0, ended: 2, success_rate: 0.5 });
    expect(claim.n).toBe(2);
  });

  it('is PARTIAL when a real incident is open for longer than 15 minutes', () => {
    const claim = headline({ groups: [group(), openGroup], open: [open(15.1)] });
    expect(claim.verdict).toBe('PARTIAL');
    expect(claim.headline).toBe('self-healing: 1 real incident open for more than 15 min');
    expect(claim.reasons).toContain('inc_o (api_timeout) has been open since 2026-11-23 11:44:54Z');
    expect(claim.numbers).toMatchObject({ open: 1, open_past_limit: 1, open_limit_s: 900 });
  });

  it('is not PARTIAL for an incident that is open within its limit, or detected in the future', () => {
    expect(headline({ groups: [group(), openGroup], open: [open(14.9)] }).verdict).toBe('PASS');
    const early = headline({ groups: [group(), { ...openGroup, n: 2 }], open: [open(-60), open(1, 'inc_p')] });
    expect(early).toMatchObject({ verdict: 'PASS', headline: 'SELF-HEALING IS WORKING! (2 real incidents are open)' });
  });

  it('is PASS in the old words when a real incident was healed and verified', () => {
    const claim = headline({ groups: [group({ n: 1513, lines: 4539 })] });
    expect(claim).toMatchObject({ verdict: 'PASS', headline: 'SELF-HEALING IS WORKING!', n: 1513 });
    expect(claim.reasons[0]).toBe('1,513 real incidents: 1,513 of 1,513 ended healed and verified');
    expect(claim.excluded).toEqual([]);
  });

  it('says beside the share what it took: failed attempts, people asked for, rails passed over', () => {
    const own = { origin: 'real', playbook_id: 'restart', forced: 0 } as const;
    const attempts = [
      { ...own, outcome: 'worked', n: 5 },
      { ...own, outcome: 'worked', n: 1, forced: 1 },
      { ...own, outcome: 'failed', n: 4 },
      { ...own, outcome: 'timed_out', n: 1 },
      { ...own, outcome: 'unknown', n: 1 },
      { ...own, outcome: null, n: 1 },
      { ...own, origin: 'drill', outcome: 'failed', n: 9 },
    ] as const;
    const escalated = [
      { origin: 'real', episodes: 2 },
      { origin: 'drill', episodes: 7 },
    ] as const;
    const { claims, incidents, attempts_by_playbook } = report({ groups: [group({ n: 3 })], attempts, escalated });
    expect(claims[0].verdict).toBe('PASS');
    expect(claims[0].reasons[0]).toBe(
      '3 real incidents: 3 of 3 ended healed and verified after 5 failed attempts and 1 of unknown end; ' +
        '2 episodes needed a person; 1 attempt forced by a person, passing over rails',
    );
    const counts = {
      ...{ attempts: 13, attempts_worked: 6, attempts_failed: 5, attempts_unknown: 1 },
      ...{ attempts_under_way: 1, attempts_forced: 1 },
    };
    expect(claims[0].numbers).toMatchObject({ ...counts, episodes_for_person: 2, success_rate: 1 });
    expect(incidents[0]).toMatchObject({ origin: 'real', ...counts, episodes_for_person: 2 });
    expect(attempts_by_playbook).toMatchObject([
      { origin: 'real', playbook_id: 'restart', ...counts },
      { origin: 'drill', attempts_failed: 9 },
    ]);
  });

  it('is INCONCLUSIVE without incidents, and names the command that causes one', () => {
    const { claims, empty, next } = report();
    expect(claims[0]).toMatchObject({ verdict: 'INCONCLUSIVE', headline: 'self-healing: no incidents', n: 0 });
    expect(empty).toBe(true);
    expect(next?.argv).toEqual(['trigger', 'incident']);
  });

  it('is INCONCLUSIVE after nothing but a drill, says so, and names the next command', () => {
    const { claims, empty, next } = report({ groups: [group({ origin: 'drill' })] });
    expect(claims[0].verdict).toBe('INCONCLUSIVE');
    expect(claims[0].headline).toBe('self-healing: 0 real incidents; 1 drill healed and verified');
    expect(claims[0].excluded).toEqual([{ id: 'drill', what: 'drill', n: 1, why: 'caused by grace itself' }]);
    expect(empty).toBe(true);
    expect(next?.argv).toEqual(['doctor']);
  });

  it('does not call a drill healed that was not', () => {
    const groups = [
      group({ origin: 'drill', n: 2 }),
      group({ origin: 'drill', status: 'failed', verified: 0 }),
      group({ origin: 'simulated', verified: 0, n: 2 }),
    ];
    expect(headline({ groups }).headline).toBe(
      'self-healing: 0 real incidents; 2 of 3 drills healed and verified, 2 simulated',
    );
  });

  it.each([
    ['unverified', { verified: 0, resolution: 'remediated' }],
    ['unverified', { verified: 0, resolution: null }],
    ['without_grace', { verified: 1, resolution: 'self_recovered' }],
    ['without_grace', { verified: 1, resolution: 'manual' }],
    ['without_grace', { verified: 1, resolution: null }],
  ] as const)(
    'is INCONCLUSIVE when the only real recovery is %s (%j), which stays outside the rate',
    (kind, change) => {
      const claim = headline({ groups: [group(change)] });
      expect(claim).toMatchObject({
        verdict: 'INCONCLUSIVE',
        headline: 'self-healing: no real incident was healed and verified',
        n: 0,
        numbers: { real_incidents: 1, healed: 0, ended: 0, success_rate: null, [kind]: 1 },
      });
      expect(claim.excluded).toEqual([expect.objectContaining({ id: kind, n: 1 })]);
    },
  );

  it('counts no drill and no simulation, however well they went', () => {
    const groups = [failedGroup, group({ origin: 'drill', n: 50 }), group({ origin: 'simulated', n: 50 })];
    expect(headline({ groups, failed: [failed(1)] })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      numbers: { incidents: 101, real_incidents: 1, healed: 0, ended: 1, success_rate: 0 },
    });
  });

  it('says how many more there are than it names', () => {
    const many = Array.from({ length: 5 }, (_, i) => failed(0, `inc_${i}`));
    const { reasons } = headline({ groups: [group({ ...failedGroup, n: 5 })], failed: many });
    expect(reasons.filter((reason) => reason.startsWith('inc_'))).toHaveLength(3);
    expect(reasons.at(-1)).toBe('and 2 more');
  });

  it('lists duplicates and what could not be read among what it did not count', () => {
    const records = wholeRecords({ logs: [logState('incidents', { quarantined: 2, unterminated_bytes: 7 })] });
    const [{ excluded }] = report({ groups: [group({ lines: 5, duplicates: 2 })] }, records).claims;
    expect(excluded.map(({ id, n }) => [id, n])).toEqual([
      ['duplicate_lines', 2],
      ['quarantined', 2],
      ['unterminated', 7],
    ]);
  });
});

describe('the drill claim', () => {
  const drill = (change: object) =>
    report({
      groups: [group({ origin: 'drill', n: 3 })],
      last_drill: {
        incident_id: 'inc_d',
        detected_at: minutesAgo(1),
        failure_mode: 'port_in_use',
        status: 'resolved',
        verified: 1,
        resolution: 'remediated',
        ...change,
      },
    }).claims.find(({ id }) => id === 'drills');

  it('is left out when there was no drill', () => {
    expect(report({ groups: [group()] }).claims.map(({ id }) => id)).toEqual(['self_healing', 'record_integrity']);
  });

  it('is PASS when the last drill was healed and verified', () => {
    expect(drill({})).toMatchObject({ verdict: 'PASS', headline: 'drills: 3 of 3 healed and verified', n: 3 });
  });

  it('is PARTIAL while the last drill has not ended', () => {
    expect(drill({ status: 'remediating', verified: 0 })?.verdict).toBe('PARTIAL');
  });

  it.each([{ status: 'failed', verified: 0 }, { verified: 0 }, { resolution: 'self_recovered' }])(
    'is FAIL when the last drill ended otherwise: %j',
    (change) => {
      expect(drill(change)?.verdict).toBe('FAIL');
      expect(drill(change)?.reasons[0]).toContain('inc_d (port_in_use)');
    },
  );
});

describe('the sections', () => {
  const facts = {
    groups: [
      group({ n: 2, relapses: 1 }),
      failedGroup,
      group({ failure_mode: 'disk_full', playbook_id: null, verified: 0 }),
      group({ origin: 'drill' }),
    ],
    recoveries: [
      recovery({ mttr_seconds: 1, confirm_s: 0.5, act_s: 0.25 }),
      recovery({ mttr_seconds: 3, confirm_s: 0.7 }),
      recovery({ failure_mode: 'disk_full', playbook_id: null, verified: 0, mttr_seconds: 100 }),
      recovery({ resolution: 'manual', mttr_seconds: 900 }),
      recovery({ origin: 'drill', mttr_seconds: 0.04 }),
    ],
    failed: [failed(1)],
  };
  const { incidents, time_to_recover, by_failure_mode, by_playbook } = report(facts);

  it('keep real, drill and simulated apart', () => {
    expect(incidents.map(({ origin, incidents }) => [origin, incidents])).toEqual([
      ['real', 4],
      ['drill', 1],
      ['simulated', 0],
    ]);
    expect(incidents[0]).toMatchObject({ healed: 2, failed: 1, ended: 3, unverified: 1, relapses: 1 });
  });

  it('keep verified times apart from times that somebody reported', () => {
    expect(time_to_recover.map(({ origin, kind, total }) => [origin, kind, total?.n, total?.mean_s])).toEqual([
      ['real', 'healed', 2, 2],
      ['real', 'without_grace', 1, 900],
      ['real', 'unverified', 1, 100],
      ['drill', 'healed', 1, 0.04],
    ]);
  });

  it('split a recovery into its parts where they are recorded', () => {
    expect(time_to_recover[0]).toMatchObject({
      confirm: { n: 2, mean_s: 0.6 },
      decide: null,
      act: { n: 1, mean_s: 0.25 },
      verify: null,
    });
  });

  it('break down by failure mode and by playbook with times of the healed only, real ones first', () => {
    expect(
      by_failure_mode.map(({ name, origin, incidents, ended, time_to_recover }) => [
        ...[name, origin, incidents, ended, time_to_recover?.n],
      ]),
    ).toEqual([
      ['port_in_use', 'real', 3, 3, 2],
      ['disk_full', 'real', 1, 0, undefined],
      ['port_in_use', 'drill', 1, 1, 1],
    ]);
    expect(by_playbook.map(({ name, origin }) => [name, origin])).toEqual([
      ['free-port', 'real'],
      [null, 'real'],
      ['free-port', 'drill'],
    ]);
  });
});

describe('the comparison with the original report', () => {
  const old = (change: Partial<typeof NO_LINE_SUMS>) =>
    report({ groups: [group({ verified: 0 })], line_sums: { ...NO_LINE_SUMS, lines: 4, old: 1, ...change } })
      .original_report;

  it('is not made when the old system wrote none of the lines', () => {
    expect(old({ old: 0 })).toBeNull();
  });

  it('counts lines as incidents and believes every word', () => {
    const sums = { resolved: 3, successful: 2, mttr_mean_s: 2, mttr_least_s: 1, mttr_most_s: 3 };
    expect(old(sums)?.original).toEqual({
      incidents: 4,
      resolved: 3,
      resolved_share: 0.75,
      successful: 2,
      success_rate: 2 / 3,
      mttr_mean_s: 2,
      mttr_fastest_s: 1,
      mttr_slowest_s: 3,
      passes: true,
    });
  });

  it('claims no PASS where the original had no resolved line', () => {
    expect(old({})?.original).toMatchObject({ passes: false, success_rate: null, mttr_mean_s: null });
  });
});
