import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { auditDraft } from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import { openSealed, sealedDir } from '../../support/sealed.js';

const said = (action: string, resource: string, decision: JsonObject) =>
  auditDraft({ actor: 'learner', action, resource, decision });

const order = (version: number, from: string[], to: string[], more: JsonObject = {}) =>
  said(ACTION.configUpdate, `v${version}`, {
    ...{ version, kind: 'order', check: 'web', from, to, proposal: null },
    ...more,
  });
const arms = (incumbent: string[], version: number | null) =>
  said(ACTION.learningArms, 'web', {
    ...{
      first: ['a', 'b'],
      incumbent,
      candidate: incumbent,
      version,
      holdout: 0.2,
      waits: { b: 12 },
      p: { a: 0.5, b: 0.5 },
    },
  });
const proposal = (n: number, action: string = ACTION.changeProposed) =>
  said(action, `p${n}`, {
    proposal: n,
    kind: 'order',
    check: 'web',
    from: ['a', 'b'],
    to: ['b', 'a'],
    needs: 'reorder',
  });

it('outlives the file in which it was said: orders, waits, holds, what is open or refused, and the numbers', async () => {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  const write = (...entries: ReturnType<typeof said>[]) => ledger.transact(() => ({ entries, value: 0 }));
  await write(
    order(1, ['a', 'b'], ['b', 'a']),
    arms(['b', 'a'], 1),
    order(2, ['b', 'a'], ['a', 'b'], { kind: 'rollback', reason: 'person', rolls_back: 'v1', hold: true }),
    arms(['a', 'b'], 2),
    ...[1, 2, 3].map((n) => proposal(n)),
    proposal(1, ACTION.changeRejected),
    proposal(3, ACTION.changeWithdrawn),
  );
  ledger.close();
  renameSync(logPath(dir, 'audit'), `${logPath(dir, 'audit')}.1`);
  writeFileSync(logPath(dir, 'audit'), '', { mode: 0o640 });
  const next = openSealed(dir);
  await next.transact(() => ({ entries: [auditDraft()], value: 0 }));
  next.close();

  const known = () => {
    const registry = openRegistry(dir);
    registry.sync();
    const seen = registry.control((view) => ({
      state: view.learnerEntries(0, 100).reduce(foldEntry, NOTHING_LEARNED).checks.web,
      open: view.openProposals().map(({ subject }) => subject),
      rejected: view.recentControls(ACTION.changeRejected, 9).map(({ subject }) => subject),
      newest: [ACTION.configUpdate, ACTION.changeProposed].map((action) => view.recentControls(action, 1)[0]?.subject),
      missing: view.missingLines(),
    }));
    registry.close();
    return seen;
  };
  const before = known();
  expect(before).toMatchObject({ open: ['p2'], rejected: ['p1'], newest: ['v2', 'p3'], missing: [] });
  expect(before.state).toMatchObject({ incumbent: ['a', 'b'], version: 2, held: true, waits: { b: 12 } });
  rmSync(`${logPath(dir, 'audit')}.1`);
  deleteRegistry(dir);
  const after = known();
  expect(after).toEqual(before);
});
