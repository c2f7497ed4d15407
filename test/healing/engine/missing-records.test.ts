import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { livenessOf, ownIdentity } from '../../../src/core/host/process-identity.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { RAIL_IDS } from '../../../src/core/records/rails.js';
import { controlView } from '../../../src/core/registry/queries/control.js';
import { healStatus } from '../../../src/healing/status.js';
import { healStand, lookUntilHandled, type Stand, service } from '../../support/heal-stand.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import { keysBeside, sealedDir } from '../../support/sealed.js';

/** What forbids an act must not go with the file in which it stands: whoever may delete a log would release the brake. */

function sealedStand(dir = sealedDir()): Stand {
  return healStand(dir, keysBeside(dir));
}

/** As an operator or logrotate does it; the next record begins the new file. */
async function rotate(stand: Stand): Promise<void> {
  const path = logPath(stand.dir, 'audit');
  for (let n = 5; n > 0; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  renameSync(path, `${path}.1`);
  await stand.person(ACTION.configLoaded, 'watch@h', { decision: {}, metadata: {} });
}

const remove = (stand: Stand, n: number | '') => rmSync(`${logPath(stand.dir, 'audit')}${n === '' ? '' : `.${n}`}`);

const setBrake = (stand: Stand) =>
  stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'by hand' }, metadata: {} });

function held(stand: Stand): string[] {
  const last = stand.events.filter(({ kind }) => kind === 'withheld').at(-1);
  return last?.kind === 'withheld' ? last.refusals.map(({ rail, reason }) => `${rail}: ${reason}`) : [];
}

function statusOf(stand: Stand) {
  stand.ledger.registry.sync();
  return stand.ledger.registry.control((view) => healStatus(view, stand.now(), livenessOf, 'h'));
}

function claimsIn(dir: string) {
  const registry = openRegistry(dir);
  registry.sync();
  expect(registry.differencesFromLogs()).toEqual([]);
  const claims = registry.read((db) => controlView(db).recentClaims('http://web/', 100));
  registry.close();
  return claims.map(({ line: _, ...claim }) => claim);
}

/** The files are there, and gone with the registry that has read them; and gone while it is there. */
const GONE = [
  ['and the registry knows of it', () => undefined],
  ['and the registry, too', deleteRegistry],
] as const;

describe.each(GONE)('a rotated file is deleted, %s', (_, also) => {
  test('the brake is still on, since when and by whom it was set; after its release it stays off', async () => {
    const stand = sealedStand();
    await setBrake(stand);
    const before = statusOf(stand).brake;
    stand.clock.pass(100);
    await rotate(stand);
    expect(statusOf(stand).brake).toEqual(before);
    remove(stand, 1);
    also(stand.dir);
    const monitor = stand.monitor(stand.watched(service().check));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(held(stand)).toEqual([
      expect.stringMatching(/^brake: the brake is on since .*, by operator:anna: by hand$/),
    ]);
    expect(statusOf(stand)).toMatchObject({ brake: before, missing: [] });
    // Once more: what was said again is said again.
    await rotate(stand);
    remove(stand, 1);
    also(stand.dir);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(statusOf(stand).brake).toEqual(before);
    await stand.releaseBrake();
    await rotate(stand);
    remove(stand, 1);
    also(stand.dir);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
    expect(statusOf(stand).brake).toBeNull();
  });

  test('a silence runs on for the time that was left, and one that has ended does not begin again', async () => {
    const stand = sealedStand();
    await stand.silence('silence_1', ['web'], 1000);
    await stand.silence('silence_2', ['web'], 5000);
    await stand.person(ACTION.silenceEnded, 'silence_2', { decision: {}, metadata: {} });
    stand.clock.pass(600);
    await rotate(stand);
    remove(stand, 1);
    also(stand.dir);
    const monitor = stand.monitor(stand.watched(service().check));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(held(stand)).toEqual(['silence: silenced by operator:anna: r']);
    expect(statusOf(stand).silences).toMatchObject([{ silence: 'silence_1', checks: ['web'] }]);
    stand.clock.pass(400);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
  });

  test.each([
    ['cooldown', { cooldown_s: 3000, caps: [{ most: 10, within_s: 3600 }] }],
    ['cap', { cooldown_s: 0, caps: [{ most: 1, within_s: 3600 }] }],
  ] as const)('an act still counts, once: %s', async (rail, limits) => {
    const stand = sealedStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const monitor = stand.monitor(stand.watched(web.check, [p], { limits }));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    const before = claimsIn(stand.dir);
    expect(before).toMatchObject([{ outcome: 'worked' }]);
    await rotate(stand);
    expect(claimsIn(stand.dir)).toEqual(before);
    remove(stand, 1);
    also(stand.dir);
    web.becomes('critical');
    expect((await lookUntilHandled(stand, monitor)).kind).toMatch(/withheld|escalated/);
    expect(held(stand)).toEqual([expect.stringContaining(rail)]);
    expect(stand.acts()).toEqual(['p']);
    expect(claimsIn(stand.dir)).toEqual(before);
    stand.clock.pass(3600);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
  });

  test('a remedy that is under way holds its target', async () => {
    const stand = sealedStand();
    const owner = { ...ownIdentity() };
    const about = { incident_id: 'inc_other', target: 'http://web/', playbook_id: 'p', owner };
    await stand.person(ACTION.remedyClaimed, 'inc_other', { decision: {}, metadata: about });
    stand.clock.pass(3 * 86_400);
    await rotate(stand);
    remove(stand, 1);
    also(stand.dir);
    expect(await lookUntilHandled(stand, stand.monitor(stand.watched(service().check)))).toMatchObject({
      kind: 'left_alone',
    });
    expect(stand.acts()).toEqual([]);
  });
});

test('what is said once more is no second brake, silence or act: no row counts it while the first is there', async () => {
  const stand = sealedStand();
  await setBrake(stand);
  await stand.silence('silence_1', ['web'], 1000);
  await rotate(stand);
  await rotate(stand);
  expect(stand.audit(ACTION.stillStands)).toHaveLength(2);
  stand.ledger.registry.sync();
  const actions = stand.ledger.registry.read((db) =>
    db
      .prepare<[], string>("SELECT action FROM controls WHERE action NOT IN ('config_loaded', 'log_rotated')")
      .pluck()
      .all(),
  );
  expect(actions).toEqual(['brake_set', 'silence_started']);
});

test('nothing is said once more by another program', async () => {
  const stand = sealedStand();
  await stand.releaseBrake();
  const entry = { ...(await setBrake(stand)), resource: 'brake' };
  await stand.releaseBrake();
  const forged = {
    ...entry,
    entry_id: 'other',
    action: 'still_stands',
    metadata: { entry: { ...entry, entry_id: 'x' } },
  };
  const path = logPath(stand.dir, 'audit');
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(forged)}\n`);
  await stand.person(ACTION.configLoaded, 'watch@h', { decision: {}, metadata: {} });
  expect(statusOf(stand).brake).toBeNull();
});

describe('log_gap: records are missing', () => {
  const path = (stand: Stand, n: number) => `${logPath(stand.dir, 'audit')}.${n}`;

  test.each(GONE)(
    'a file between others, %s: nothing acts until it is back, whatever is passed over',
    async (_, also) => {
      const stand = sealedStand();
      await stand.releaseBrake();
      await rotate(stand);
      await rotate(stand);
      const away = join(stand.dir, '../away');
      renameSync(path(stand, 1), away);
      also(stand.dir);
      const monitor = stand.monitor(stand.watched(service().check), stand.engine({ passOver: RAIL_IDS }));
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
      expect(held(stand)).toEqual([
        expect.stringMatching(
          /^log_gap: records are missing, lines? \d.* of immutable_audit.jsonl: put the file back, or /,
        ),
      ]);
      expect(statusOf(stand).missing).toHaveLength(1);
      const drill = stand.monitor(stand.watched(service('staged').check), stand.engine({ origin: 'drill' }));
      expect(await lookUntilHandled(stand, drill)).toMatchObject({ kind: 'withheld' });
      expect(stand.acts()).toEqual([]);
      renameSync(away, path(stand, 1));
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
      expect(statusOf(stand).missing).toEqual([]);
    },
  );

  test('or until the older files are put away, too', async () => {
    const stand = sealedStand();
    await stand.releaseBrake();
    await rotate(stand);
    await rotate(stand);
    remove(stand, 1);
    const monitor = stand.monitor(stand.watched(service().check));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    remove(stand, 2);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
  });

  test.each(GONE)('a file that went before grace had begun a new one, %s; a rotation begins anew', async (_, also) => {
    const stand = sealedStand();
    await setBrake(stand);
    remove(stand, '');
    also(stand.dir);
    const monitor = stand.monitor(stand.watched(service().check));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(held(stand)).toEqual([expect.stringMatching(/^log_gap: .*rotate the log/)]);
    stand.ledger.registry.sync();
    stand.clock.pass(5);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    await rotate(stand);
    remove(stand, 1);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
  });
});
