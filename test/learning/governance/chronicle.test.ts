import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditDraft } from '../../../src/core/records/audit-entry.js';
import { chronicleOf, inForce } from '../../../src/learning/governance/chronicle.js';
import { arms, asControls, ended, learned, lineOf, proposed, update } from './entries.js';

const of = (...drafts: AuditDraft[]) => chronicleOf(asControls(drafts));
const BACK = { from: ['restart', 'cache'], to: ['cache', 'restart'] };
const WAIT = { kind: 'wait', playbook: 'restart', from: 30, to: 22.5 };

describe('versions', () => {
  it('hold until the next one of the same thing', () => {
    const { versions } = of(update(1), update(2, { check: 'db' }), update(3, WAIT), update(4, BACK));
    expect(versions.map(({ id, fate }) => [id, fate])).toEqual([
      ['v1', { now: 'replaced', by: 'v4', line: lineOf(3) }],
      ['v2', { now: 'in_force' }],
      ['v3', { now: 'in_force' }],
      ['v4', { now: 'in_force' }],
    ]);
  });

  it('are rolled back only by what names the one in force', () => {
    const undo = { ...BACK, kind: 'rollback', reason: 'person' };
    const [first] = of(update(1), update(2, { ...undo, rolls_back: 'v1' })).versions;
    expect(first?.fate).toEqual({ now: 'rolled_back', by: 'v2', line: lineOf(1) });
    const [other] = of(update(1), update(2, { ...undo, rolls_back: 'v7' })).versions;
    expect(other?.fate.now).toBe('replaced');
  });

  it('end when their author changes the list, and not when arms are said once more', () => {
    const stands = { incumbent: ['restart', 'cache'], version: 1 };
    const same = of(arms(), update(1), arms(stands), arms(stands));
    expect(inForce(same, 'web', null)?.id).toBe('v1');
    const other = of(arms(), update(1), arms(stands), arms({ first: ['restart', 'cache'], version: 1 }));
    expect(other.versions[0]?.fate).toEqual({ now: 'grace_yaml', line: lineOf(3) });
    expect(of(update(1), arms()).versions[0]?.fate.now).toBe('grace_yaml');
  });

  it('of a wait end when it is not said any more', () => {
    const wait = of(update(1, WAIT), arms({ waits: { restart: 22.5 } }));
    expect(inForce(wait, 'web', 'restart')?.id).toBe('v1');
    expect(of(update(1, WAIT), arms()).versions[0]?.fate.now).toBe('grace_yaml');
  });

  it('take numbers that nothing has had, in files that are gone either', () => {
    expect(of().next).toEqual({ version: 1, proposal: 1 });
    expect(of(update(3), update(2), proposed(5)).next).toEqual({ version: 4, proposal: 6 });
    expect(of(arms({ version: 8 })).next.version).toBe(9);
  });

  it.each<[string, AuditDraft]>([
    ['another number than its subject', { ...update(1), resource: 'v2' }],
    ['no number', update(1, { version: '1' })],
    ['another kind', update(1, { kind: 'confirm' })],
    ['an order that is none', update(1, { to: [1, 2] })],
    ['an order with a playbook twice', update(1, { to: ['a', 'a'] })],
    ['a wait without a playbook', update(1, { kind: 'wait', from: 1, to: 2 })],
    ['a wait of no length', update(1, { ...WAIT, to: 0 })],
    ['no check', update(1, { check: null })],
  ])('with %s are none', (_, draft) => {
    expect(of(draft).versions).toEqual([]);
  });

  it('are written once: who writes a number again changes nothing', () => {
    const { versions } = of(update(1), update(1, BACK));
    expect(versions).toMatchObject([{ to: ['restart', 'cache'], fate: { now: 'in_force' } }]);
  });
});

describe('proposals', () => {
  it('are open until the first word about them', () => {
    const { proposals } = of(
      ...[proposed(1), proposed(2), proposed(3), proposed(4), proposed(5, { kind: 'drop', to: ['cache'] })],
      ended(ACTION.changeRejected, 1, 'operator:anna', { reason: 'no' }),
      ended(ACTION.changeApproved, 1),
      ended(ACTION.changeApproved, 2),
      update(1, { proposal: 'p2' }),
      ended(ACTION.changeWithdrawn, 3, 'learner'),
      ended(ACTION.changeApproved, 9),
    );
    expect(proposals.map(({ id, fate }) => [id, fate.now, 'version' in fate ? fate.version : '-'])).toEqual([
      ['p1', 'rejected', null],
      ['p2', 'approved', 'v1'],
      ['p3', 'withdrawn', null],
      ['p4', 'open', '-'],
      ['p5', 'open', '-'],
    ]);
  });

  it('that ask for another grant than that of their kind are none', () => {
    expect(
      of(proposed(1, { needs: 'wait' }), proposed(2, { needs: 'ack' }), proposed(3, { kind: '__proto__' })),
    ).toEqual(of());
  });
});

it('is never thrown off by what stands in an entry', () => {
  const actions = Object.values(ACTION);
  const id = fc.constantFrom('v1', 'p1', 'web', '__proto__', 'constructor', '');
  const object = fc.dictionary(
    fc.constantFrom('version', 'proposal', 'kind', 'check', 'from', 'to', 'first', 'waits', 'playbook', 'needs'),
    fc.oneof(fc.jsonValue(), fc.constantFrom(1, 'order', 'wait', 'web', '__proto__', ['a', 'b'])),
  );
  const draft = fc.record({
    ...{ actor: fc.constant('learner'), action: fc.constantFrom(...actions), resource: id },
    ...{ decision: object, metadata: object },
  });
  fc.assert(
    fc.property(fc.array(draft, { maxLength: 8 }), (drafts) => {
      const { versions, proposals } = chronicleOf(asControls(drafts as AuditDraft[]));
      const standing = versions.filter(({ fate }) => fate.now === 'in_force');
      expect(new Set(standing.map(({ check, playbook }) => JSON.stringify([check, playbook]))).size).toBe(
        standing.length,
      );
      expect(new Set([...versions, ...proposals].map((one) => one.id)).size).toBe(versions.length + proposals.length);
    }),
  );
});

it('has the outcomes that are whole', () => {
  const whole = learned({});
  expect(of(whole, { ...whole, metadata: {} }).outcomes).toMatchObject([{ incident_id: 'inc_1' }]);
});
