import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { graceSchema } from '../../../src/core/config/schema/grace-schema.js';
import { ownIdentity } from '../../../src/core/host/process-identity.js';
import type { Ledger } from '../../../src/core/ledger.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { NewIncident } from '../../../src/core/records/incident.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { clockOf } from '../../../src/core/records/moment.js';
import { type Channel, channelsOf } from '../../../src/healing/notify/channel.js';
import { Notifier } from '../../../src/healing/notify/notifier.js';
import { closed, recovered, reopened, takenOn } from '../../../src/healing/snapshots.js';
import { healStand, lookUntilHandled, type Stand, service } from '../../support/heal-stand.js';
import { DEAD_OWNER, newIncident } from '../../support/records.js';
import { openLedger } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';
import { keeping, script } from './programs.js';

const DAY_S = 86_400;
const TOLD = [ACTION.notificationBegun, ACTION.incidentNotified, ACTION.notificationFailed];

function channels({ clock }: Stand, ...notify: object[]): Channel[] {
  return channelsOf(graceSchema.parse({ version: 1, notify }), clock);
}

/** A process that has just begun; `ledger` is its own. */
function notifierOf({ clock, ...stand }: Stand, all: readonly Channel[], ledger: Ledger = stand.ledger) {
  const notifier = new Notifier(all, { ledger, clock, host: 'h', trouble: () => undefined });
  onTestFinished(() => notifier.idle());
  return notifier;
}

async function catchUp(notifier: Notifier): Promise<void> {
  notifier.catchUp();
  await notifier.idle();
}

/** A program that takes what it is told while `switch` is there, and keeps it. */
function pager() {
  const isUp = join(tempDir(), 'up');
  const { path, told } = keeping();
  const at = script(`[ -e ${isUp} ] && exec ${path}\nexit 1`);
  return { path: at, told, up: () => writeFileSync(isUp, ''), down: () => rmSync(isUp, { force: true }) };
}

async function write(stand: Stand, action: string, subject: string, decision: JsonObject = {}, about: JsonObject = {}) {
  return stand.person(action, subject, { decision, metadata: { incident_id: subject, ...about } });
}

/** An incident that was opened and escalated by a process that told nobody. */
async function escalated(stand: Stand, incident_id = 'inc_a', change: Partial<NewIncident> = {}) {
  await stand.put(newIncident({ incident_id, status: 'failed', ...change }));
  await write(stand, ACTION.incidentOpened, incident_id, { reason: 'it is down' });
  return write(stand, ACTION.incidentEscalated, incident_id, { reason: 'nothing helped', gave_up: true });
}

/** It passes again; the log has it as the engine writes it. */
async function over(stand: Stand, incident_id = 'inc_a') {
  await stand.ledger.transact((view) => {
    const last = view.incident(incident_id);
    if (last === undefined) throw new Error('there is none');
    const at = new Date(stand.clock.now()).toISOString();
    const end = { at, mttr_s: 1, resolution: 'self_recovered', by: 'web', passes: 2 } as const;
    const entry = { actor: 'healer', action: ACTION.incidentRecovered, resource: incident_id, decision: {} };
    return {
      incidents: [{ record: recovered(takenOn(last.record), end), after: last.hash }],
      entries: [{ ...entry, metadata: { incident_id, ...clockOf(stand.now()) } }],
      value: undefined,
    };
  });
  stand.ledger.registry.sync();
}

async function again(stand: Stand, incident_id: string) {
  await stand.ledger.transact((view) => {
    const last = view.incident(incident_id);
    if (last === undefined) throw new Error('there is none');
    const record = reopened(takenOn(last.record), { onset_at: last.record.detected_at, confirm_s: 0 });
    return { incidents: [{ record, after: last.hash }], value: undefined };
  });
  await write(stand, ACTION.incidentOpened, incident_id);
}

const events = (told: Record<string, unknown>[]) => told.map(({ event }) => event);

describe('several processes', () => {
  test('one of them tells', async () => {
    const stand = healStand();
    await escalated(stand);
    const { path, told } = keeping('sleep 0.3');
    const all = channels(stand, { run: [path] });
    const notifiers = [0, 1, 2].map(() => notifierOf(stand, all, openLedger(stand.dir, { clock: stand.clock })));
    await Promise.all(notifiers.map(catchUp));
    expect(events(told())).toEqual(['escalated']);
    expect(stand.audit(...TOLD).map(({ action }) => action)).toEqual(TOLD.slice(0, 2));
  });

  test('also when the one that has found it and the one that catches up are two', async () => {
    const stand = healStand();
    const { path, told } = keeping('sleep 0.1');
    const all = channels(stand, { run: [path] });
    const other = notifierOf(stand, all, openLedger(stand.dir, { clock: stand.clock }));
    const own = notifierOf(stand, all);
    const engine = stand.engine({
      tools: {
        notify: (notice) => {
          own.notify(notice);
          other.catchUp();
        },
      },
    });
    await lookUntilHandled(stand, stand.monitor(stand.watched(service().check, []), engine));
    await Promise.all([own.idle(), other.idle()]);
    expect(events(told())).toEqual(['escalated']);
  });

  test('one that has begun and lives is waited for; one that is gone is replaced', async () => {
    const stand = healStand();
    const { entry_id: about } = await escalated(stand);
    const { path, told } = keeping();
    const notifier = notifierOf(stand, channels(stand, { run: [path] }));
    const begun = (owner: object) =>
      write(stand, ACTION.notificationBegun, 'inc_a', { event: 'escalated', by: path }, { about, owner: { ...owner } });
    await begun(ownIdentity());
    stand.clock.pass(DAY_S);
    await catchUp(notifier);
    expect(told()).toEqual([]);
    await escalated(stand, 'inc_b');
    const [, other] = stand.audit(ACTION.incidentEscalated);
    const died = { about: other?.entry_id ?? null, owner: { ...DEAD_OWNER } };
    await write(stand, ACTION.notificationBegun, 'inc_b', { event: 'escalated', by: path }, died);
    await catchUp(notifier);
    expect(told()).toMatchObject([{ event: 'escalated', incident_id: 'inc_b' }]);
  });
});

describe('what a channel did not take', () => {
  test('is tried again after 1, 5, 15 and 60 min, whatever happens to the date, by whoever comes then', async () => {
    const stand = healStand();
    await escalated(stand);
    const { path } = pager();
    const tries: number[] = [];
    const begun = stand.clock.elapsed();
    for (let minute = 0; minute <= 200; minute++) {
      const before = stand.audit(ACTION.notificationFailed).length;
      await catchUp(notifierOf(stand, channels(stand, { run: [path] })));
      if (stand.audit(ACTION.notificationFailed).length > before) {
        tries.push(Math.round((stand.clock.elapsed() - begun) / 60));
        stand.clock.setDate(-DAY_S);
      }
      stand.clock.pass(60.1);
    }
    expect(tries).toEqual([0, 1, 6, 21, 81, 141]);
  });

  test('is not sent again to one that took it', async () => {
    const stand = healStand();
    await escalated(stand);
    const [chat, bad] = [keeping(), pager()];
    const notifier = notifierOf(stand, channels(stand, { run: [chat.path] }, { run: [bad.path] }));
    await catchUp(notifier);
    bad.up();
    stand.clock.pass(60);
    await catchUp(notifier);
    stand.clock.pass(DAY_S);
    await catchUp(notifier);
    expect([events(chat.told()), events(bad.told())]).toEqual([['escalated'], ['escalated']]);
  });

  test('is not tried any more once somebody has seen it, or it is over', async () => {
    const stand = healStand();
    const bad = pager();
    for (const id of ['inc_a', 'inc_b', 'inc_c']) await escalated(stand, id);
    const notifier = notifierOf(stand, channels(stand, { run: [bad.path] }));
    await catchUp(notifier);
    await write(stand, ACTION.incidentAcknowledged, 'inc_a');
    await over(stand, 'inc_b');
    bad.up();
    stand.clock.pass(3600);
    await catchUp(notifier);
    expect(bad.told()).toMatchObject([{ incident_id: 'inc_c' }]);
  });

  test('for a week: few entries, however much there is to tell; then all of it, once', async () => {
    const stand = healStand();
    const ids = Array.from({ length: 20 }, (_, i) => `inc_${i}`);
    for (const id of ids) await escalated(stand, id);
    const bad = pager();
    const notifier = notifierOf(stand, channels(stand, { run: [bad.path] }));
    for (let s = 0; s < 7 * DAY_S; s += 1800) {
      await catchUp(notifier);
      stand.clock.pass(1800);
    }
    const tries = stand.audit(ACTION.notificationFailed);
    expect(tries.length).toBeGreaterThan(7 * 24 - 5);
    expect(stand.audit(...TOLD).length).toBeLessThan(2 * (7 * 24 + ids.length));
    expect(new Set(tries.map(({ resource }) => resource)).size, 'in turns').toBe(20);
    bad.up();
    stand.clock.pass(3600);
    await catchUp(notifier);
    expect(
      bad
        .told()
        .map(({ incident_id }) => incident_id)
        .sort(),
    ).toEqual([...ids].sort());
  }, 60_000);

  test('and never takes, holds up nothing else', async () => {
    const stand = healStand();
    await escalated(stand, 'inc_bad');
    const kept = join(tempDir(), 'kept');
    const path = script(`text=$(cat)\ncase "$text" in *inc_bad*) exit 1;; esac\necho "$text" >> ${kept}`);
    const notifier = notifierOf(stand, channels(stand, { run: [path] }));
    await catchUp(notifier);
    await escalated(stand, 'inc_good');
    stand.clock.pass(60);
    await catchUp(notifier);
    expect(existsSync(kept) && readFileSync(kept, 'utf8')).toContain('inc_good');
  });
});

describe('thousands of live incidents', () => {
  test('what is slight is told behind all that was told, and looking for more costs little', async () => {
    const stand = healStand();
    const { path, told } = keeping();
    const ids = Array.from({ length: 2500 }, (_, i) => `inc_${i}`);
    const about = (incident_id: string) => ({ incident_id, ...clockOf(stand.now()) });
    await stand.ledger.transact(() => ({
      incidents: ids.map((incident_id) => ({
        record: newIncident({ incident_id, severity: 'critical' }),
        after: null,
      })),
      entries: ids.flatMap((id) => [
        { actor: 'healer', action: ACTION.incidentEscalated, resource: id, decision: {}, metadata: about(id) },
        {
          ...{ actor: 'healer', action: ACTION.incidentNotified, resource: id, metadata: about(id) },
          decision: { event: 'escalated', by: path },
        },
      ]),
      value: undefined,
    }));
    await escalated(stand, 'inc_slight', { severity: 'low' });
    const notifier = notifierOf(stand, channels(stand, { run: [path] }));
    await catchUp(notifier);
    expect(told()).toMatchObject([{ incident_id: 'inc_slight' }]);
    let asked = 0;
    const { registry } = stand.ledger;
    const control = registry.control.bind(registry);
    registry.control = (ask) =>
      control((view) =>
        ask({
          ...view,
          newsOfLive: (...args) => {
            asked++;
            return view.newsOfLive(...args);
          },
        }),
      );
    await catchUp(notifier);
    await catchUp(notifier);
    expect(asked, 'nothing has changed').toBe(0);
    await write(stand, ACTION.silenceStarted, 's');
    await catchUp(notifier);
    expect(asked).toBe(2);
  }, 30_000);
});

describe('after a crash', () => {
  test('a request for an approval is told, until it is given', async () => {
    const stand = healStand();
    const p = stand.playbook('p', ['worked'], { risk: 'medium' });
    await lookUntilHandled(stand, stand.monitor(stand.watched(service().check, [p])));
    const { incident_id } = stand.incident();
    const [one, late] = [keeping(), keeping()];
    for (let n = 0; n < 2; n++) await catchUp(notifierOf(stand, channels(stand, { run: [one.path] })));
    expect(one.told()).toMatchObject([
      { event: 'approval', incident_id, reason: 'p has risk medium and needs an approval' },
    ]);
    await stand.approve(incident_id, 'p');
    await catchUp(notifierOf(stand, channels(stand, { run: [late.path] })));
    expect(late.told()).toEqual([]);
  });

  test('the brake that a person has set is told, with the host, until it is released', async () => {
    const stand = healStand();
    await stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'a move' }, metadata: {} });
    const [one, late, silent] = [keeping(), keeping(), keeping()];
    const all = channels(stand, { run: [one.path] }, { run: [silent.path], on: ['escalated'] });
    for (let n = 0; n < 2; n++) await catchUp(notifierOf(stand, all));
    expect(one.told()).toMatchObject([{ event: 'brake', reason: 'a move', host: 'h', incident_id: null }]);
    expect(silent.told()).toEqual([]);
    await stand.releaseBrake();
    await catchUp(notifierOf(stand, channels(stand, { run: [late.path] })));
    expect(late.told()).toEqual([]);
    await stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'again' }, metadata: {} });
    await catchUp(notifierOf(stand, all));
    expect(one.told().map(({ reason }) => reason)).toEqual(['a move', 'again']);
  });

  test('the brake that too many incidents have set is told, with the last of them', async () => {
    const stand = healStand();
    const policy = { brake: { incidents: 2, within_s: 300 } };
    const engine = stand.engine({
      policy: {
        autonomy: { low: 'auto', medium: 'approve', high: 'never' },
        approval_expires_s: 1800,
        rearm: { first_s: 900, most_s: 3600 },
        ...policy,
      },
    });
    for (const name of ['a', 'b', 'c']) {
      const one = service(name);
      await lookUntilHandled(stand, stand.monitor(stand.watched(one.check, [stand.playbook(name)]), engine));
    }
    const [set] = stand.audit(ACTION.brakeSet);
    const { path, told } = keeping();
    await catchUp(notifierOf(stand, channels(stand, { run: [path], on: ['brake'] })));
    expect(told()).toMatchObject([
      { event: 'brake', incident_id: set?.metadata.incident_id, reason: set?.decision.reason },
    ]);
  });

  test('that it began is told to whoever wants to know, while it lasts', async () => {
    const stand = healStand();
    await escalated(stand, 'inc_a');
    await escalated(stand, 'inc_b');
    await over(stand, 'inc_b');
    const { path, told } = keeping();
    await catchUp(notifierOf(stand, channels(stand, { run: [path], on: ['opened'] })));
    expect(told()).toMatchObject([{ event: 'opened', incident_id: 'inc_a', reason: 'it is down' }]);
  });
});

describe('that it is over', () => {
  test('is told by default, once, to those that took that it began, though they were down', async () => {
    const stand = healStand();
    await escalated(stand);
    const [one, bad] = [pager(), pager()];
    const notifier = notifierOf(stand, channels(stand, { run: [one.path] }, { run: [bad.path] }));
    one.up();
    await catchUp(notifier);
    one.down();
    await over(stand);
    await catchUp(notifier);
    for (const channel of [one, bad]) channel.up();
    for (let n = 0; n < 3; n++) {
      stand.clock.pass(3600);
      await catchUp(notifierOf(stand, channels(stand, { run: [one.path] }, { run: [bad.path] })));
    }
    expect(one.told()).toMatchObject([
      { event: 'escalated', incident_id: 'inc_a' },
      { event: 'resolved', incident_id: 'inc_a', reason: 'the check passes again', status: 'resolved' },
    ]);
    expect(bad.told()).toEqual([]);
  });

  test('by a person: who, and why', async () => {
    const stand = healStand();
    await escalated(stand);
    const { path, told } = keeping();
    const notifier = notifierOf(stand, channels(stand, { run: [path] }));
    await catchUp(notifier);
    await stand.ledger.transact((view) => {
      const last = view.incident('inc_a');
      if (last === undefined) throw new Error('there is none');
      const at = new Date(stand.clock.now()).toISOString();
      return { incidents: [{ record: closed(takenOn(last.record), at), after: last.hash }], value: undefined };
    });
    await write(stand, ACTION.incidentClosed, 'inc_a', {}, { reason: 'replaced the disk' });
    await catchUp(notifier);
    expect(told()[1]).toMatchObject({
      ...{ event: 'resolved', resolution: 'manual', status: 'failed' },
      reason: 'closed by operator:anna: replaced the disk',
    });
  });

  test('is not told a day late, nor when it fails again', async () => {
    const stand = healStand();
    const all = pager();
    const notifier = notifierOf(stand, channels(stand, { run: [all.path] }));
    all.up();
    await escalated(stand, 'inc_a');
    await escalated(stand, 'inc_b');
    await catchUp(notifier);
    all.down();
    await over(stand, 'inc_a');
    await over(stand, 'inc_b');
    await catchUp(notifier);
    all.up();
    await again(stand, 'inc_b');
    stand.clock.pass(3600);
    await over(stand, 'inc_b');
    await again(stand, 'inc_b');
    await write(stand, ACTION.incidentAcknowledged, 'inc_a');
    stand.clock.pass(DAY_S);
    await catchUp(notifier);
    expect(events(all.told())).toEqual(['escalated', 'escalated']);
  });

  test('the engine has it told at once, but not of what a remedy has only made bearable', async () => {
    const stand = healStand();
    const [pages, chat] = [keeping(), keeping()];
    const all = channels(stand, { run: [pages.path] }, { run: [chat.path], on: ['resolved', 'opened'] });
    const notifier = notifierOf(stand, all);
    const engine = stand.engine({ tools: { notify: (notice) => notifier.notify(notice) } });
    const [web, db] = [service('web'), service('db')];
    const degrade = stand.playbook('degrade', [() => web.becomes('ok')], { escalate: true });
    const mend = stand.playbook('mend', [() => db.becomes('ok')]);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [degrade]), engine));
    await lookUntilHandled(stand, stand.monitor(stand.watched(db.check, [mend]), engine));
    await notifier.idle();
    await catchUp(notifier);
    const seen = (told: Record<string, unknown>[]) => told.map(({ event, check }) => `${event} ${check}`);
    expect(seen(pages.told())).toEqual(['escalated web']);
    expect(seen(chat.told())).toEqual(['opened web', 'resolved web', 'opened db', 'resolved db']);
  });

  test('a channel that wants to hear of no beginnings hears of every end', async () => {
    const stand = healStand();
    const chat = pager();
    const notifier = notifierOf(stand, channels(stand, { run: [chat.path], on: ['resolved'] }));
    const engine = stand.engine({ tools: { notify: (notice) => notifier.notify(notice) } });
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [p]), engine));
    await notifier.idle();
    chat.up();
    stand.clock.pass(60);
    await catchUp(notifier);
    await catchUp(notifier);
    expect(chat.told()).toMatchObject([{ event: 'resolved', reason: 'p was verified by web' }]);
  });
});
