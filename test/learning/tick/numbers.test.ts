// @ts-expect-error It has no types.
import { jStat } from 'jstat';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { check, Log } from './log.js';

describe('the numbers behind a change of order', () => {
  it('are those of each playbook at its new place', () => {
    const log = new Log([check(['a', 'b'])], { mode: 'propose' });
    const failed = { playbook: 'a', worked: false, seconds: 50 };
    for (let i = 0; i < 3; i++) log.learned('web', { tried: [failed, { playbook: 'b', worked: true, seconds: 16 }] });
    log.tick();
    const [made] = log.of(ACTION.changeProposed);
    type Figures = Record<string, number>;
    const { playbooks, ...rest } = { playbooks: [], ...Object(made?.metadata.numbers) } as { playbooks: Figures[] };
    const [b, a] = playbooks as [Figures, Figures];
    // Three incidents, discounted by 0.95 each: 1 + 0.95 + 0.9025.
    const n = 2.8525;
    expect(b).toMatchObject({ id: 'b', s: n, f: 0, n });
    expect(b.p).toBeCloseTo((n + 1) / (n + 2), 8);
    expect(b.a_s).toBeCloseTo((20 + 16 * n) / (1 + n), 6);
    expect(b.b_s).toBe(80);
    expect(b.cost_s).toBeCloseTo((b.p ?? 0) * (b.a_s ?? 0) + (1 - (b.p ?? 0)) * 80, 6);
    expect(b.index).toBeCloseTo((b.p ?? 0) / (b.cost_s ?? 0), 9);
    expect(b.p_low).toBeCloseTo(jStat.beta.inv(0.05, n + 1, 1), 6);
    expect(b.p_high).toBeCloseTo(jStat.beta.inv(0.95, n + 1, 1), 6);
    expect(a).toMatchObject({ id: 'a', s: 0, f: n });
    const { candidate_s, incumbent_s, better } = rest as Figures;
    const reached = (1 - (b.p ?? 0)) * (1 - (a.p ?? 0));
    const expected = (b.cost_s ?? 0) + (1 - (b.p ?? 0)) * (a.cost_s ?? 0) + reached * 1800;
    expect(candidate_s).toBeCloseTo(expected, 4);
    expect(incumbent_s).toBeGreaterThan(candidate_s ?? 0);
    expect(better).toBeGreaterThanOrEqual(0.75);
    expect(rest).toMatchObject({ incidents: 3, person_s: 1800 });
  });
});
