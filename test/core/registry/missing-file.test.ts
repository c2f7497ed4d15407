import { appendFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EXIT } from '../../../src/core/errors.js';
import type { Ledger } from '../../../src/core/ledger.js';
import { auditGaps } from '../../../src/core/registry/queries/health.js';
import { grace } from '../../support/cli.js';
import { auditDraft, bindingOf, line, newIncident } from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import { openSealed, sealedDir } from '../../support/sealed.js';

const act = (ledger: Ledger) => ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
const FORGED = newIncident({ incident_id: 'forged', status: 'resolved', success: true });

function rotate(dir: string): void {
  const path = logPath(dir, 'audit');
  for (let n = 5; n > 0; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  renameSync(path, `${path}.1`);
}

/** Three older files; what another program wrote at the end of the oldest is named as such in the one after it. */
async function rotated(): Promise<string> {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  await ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
  const at = statSync(logPath(dir, 'incidents')).size;
  appendFileSync(logPath(dir, 'incidents'), line(FORGED));
  appendFileSync(logPath(dir, 'audit'), line(bindingOf(at, FORGED)));
  for (let i = 0; i < 3; i++) {
    rotate(dir);
    await act(ledger);
  }
  ledger.close();
  return dir;
}

function seen(dir: string) {
  const registry = openRegistry(dir);
  registry.sync();
  const state = registry.read((db) => ({
    incidents: db.prepare<[], string>('SELECT incident_id FROM incidents ORDER BY 1').pluck().all(),
    own: db.prepare<[], number>('SELECT line FROM audit_entries WHERE own = 1 ORDER BY line').pluck().all(),
    lines: registry.control((view) => view.auditLines()),
    gaps: auditGaps(db),
  }));
  expect(registry.differencesFromLogs()).toEqual([]);
  registry.close();
  return state;
}

it('a file that is missing between others: what it said of the lines before it is gone, and they do not count', async () => {
  const dir = await rotated();
  const whole = seen(dir);
  expect(whole).toMatchObject({ incidents: ['inc_new'], gaps: [] });
  const path = logPath(dir, 'audit');
  renameSync(`${path}.2`, `${dir}/../away`);
  deleteRegistry(dir);
  const missing = seen(dir);
  // Neither the line of the other program, nor the one beside it that nobody can tell from it any more.
  expect(missing.incidents).toEqual([]);
  expect(missing.gaps).toHaveLength(1);
  const [{ from, to } = { from: 0, to: 0 }] = missing.gaps;
  expect(missing.own).toEqual(whole.own.filter((one) => one > to));
  expect(missing.lines).toBe(whole.lines);
  expect(whole.own.filter((one) => one >= from && one <= to).length).toBeGreaterThan(0);

  const sync = await grace(['registry', 'sync', '--logs', dir]);
  expect(sync).toMatchObject({
    code: EXIT.auditBroken,
    stdout: expect.stringContaining(`lines ${from} to ${to} are missing`),
  });
  const told = await grace(['registry', 'sync', '--json', '--logs', dir]);
  expect(JSON.parse(told.stdout).gaps).toEqual([{ from, to }]);
  expect((await grace(['doctor', '--logs', dir])).stdout).toContain(`lines ${from} to ${to} are missing; what`);

  renameSync(`${dir}/../away`, `${path}.2`);
  expect(seen(dir)).toEqual(whole);
});

it('the oldest file that is gone leaves no gap', async () => {
  const dir = await rotated();
  const { lines } = seen(dir);
  rmSync(`${logPath(dir, 'audit')}.3`);
  deleteRegistry(dir);
  expect(seen(dir)).toMatchObject({ incidents: [], gaps: [], lines });
});
