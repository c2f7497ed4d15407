import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { graceSchema } from '../../../src/core/config/schema/grace-schema.js';
import { OperatorError } from '../../../src/core/errors.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { ownIdentity } from '../../../src/core/host/process-identity.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { NewIncident } from '../../../src/core/records/incident.js';
import type { Notice } from '../../../src/healing/engine/draft.js';
import { type Channel, channelsOf, signatureOf } from '../../../src/healing/notify/channel.js';
import { NOTICE_SCHEMA, noticeText } from '../../../src/healing/notify/notice-text.js';
import { Notifier } from '../../../src/healing/notify/notifier.js';
import { healStand, lookUntilHandled, type Stand, service } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';
import { tempDir } from '../../support/temp-dir.js';
import { keeping, script } from './programs.js';

const ALL = ['opened', 'resolved', 'escalated', 'approval', 'brake'] as const;
const NOTICE: Notice = { event: 'escalated', incident: newIncident(), reason: 'all remedies have failed' };

function channels(...notify: object[]): Channel[] {
  return channelsOf(graceSchema.parse({ version: 1, notify: notify.map((one) => ({ on: ALL, ...one })) }), systemClock);
}

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server on loopback; `answer` is its status, or that it never answers. */
async function receiver(answer: number | 'never' = 204): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method, url, headers } = req;
      asked.push({ method, url, headers, body: Buffer.concat(chunks) });
      if (answer !== 'never') res.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?room=1`, asked };
}

function secretFile(text: string): string {
  const path = join(tempDir(), 'secret');
  writeFileSync(path, text);
  return path;
}

function notifierOf(stand: Stand, all: readonly Channel[]): { notifier: Notifier; troubles: unknown[] } {
  const troubles: unknown[] = [];
  const { ledger, clock } = stand;
  const notifier = new Notifier(all, { ledger, clock, host: 'h', trouble: (error) => troubles.push(error) });
  onTestFinished(() => notifier.idle());
  return { notifier, troubles };
}

describe('a program', () => {
  test('is given one line of JSON', async () => {
    const { path, told } = keeping();
    const [channel] = channels({ run: [path] });
    expect(await channel?.send(noticeText(NOTICE, '2026-11-23T12:00:00.000Z', 'h'))).toBeUndefined();
    expect(channel?.name).toBe(path);
    expect(told()).toEqual([
      expect.objectContaining({
        ...{ schema: NOTICE_SCHEMA, event: 'escalated', at: '2026-11-23T12:00:00.000Z', severity: 'high' },
        ...{ incident_id: 'inc_new', reason: 'all remedies have failed', origin: 'real', host: 'db1' },
      }),
    ]);
    expect(JSON.stringify(told())).not.toContain('metadata');
  });

  test.each([
    ['exit 3', 'exit 3'],
    ['kill -TERM $$', 'ended by SIGTERM'],
    ['exec sleep 60', 'ended after 300 ms'],
  ])('%s: not taken', async (text, fault) => {
    const [channel] = channels({ run: [script(text)], timeout: '300ms' });
    expect(await channel?.send('{}')).toBe(fault);
  });

  test('that is not there: not taken, and it says which', async () => {
    const [channel] = channels({ run: ['/none/there'] });
    expect(await channel?.send('{}')).toBe('there is no program /none/there');
  });

  test('that takes too long is ended, and with it no other that is under way', async () => {
    const { path, told } = keeping('sleep 0.8');
    const all = channels({ run: [path] }, { run: [script('exec sleep 60')], timeout: '200ms' });
    expect(await Promise.all(all.map((channel) => channel.send('{"n":1}')))).toEqual([undefined, 'ended after 200 ms']);
    expect(told()).toEqual([{ n: 1 }]);
  });
});

test('channels that look the same are told apart, in whatever order they stand', () => {
  const path = script('exit 0');
  const secret_file = secretFile('s');
  const hook = (room: string) => ({ webhook: { url: `http://h/hook?room=${room}`, secret_file } });
  const all = [{ run: [path, 'a'] }, hook('a'), { run: [path, 'b'] }, hook('b'), { run: [path] }];
  const names = channels(...all).map(({ name }) => name);
  expect(new Set(names).size).toBe(5);
  expect(names.every((name) => name === path || /^(\/\S+\/tell|http:\/\/h\/hook) #[0-9a-f]{8}$/.test(name))).toBe(true);
  expect(channels(...all.toReversed()).map(({ name }) => name)).toEqual(names.toReversed());
  // One that is gone takes nothing of the others with it.
  expect(channels(...all.slice(1)).map(({ name }) => name)).toEqual(names.slice(1));
  expect(channels({ run: [path] }, { run: [path] }).map(({ name }) => name)).toEqual([path, `${path} (2)`]);
});

describe('a webhook', () => {
  const hook = (url: string, secret_file: string, timeout = '5s') =>
    channels({ webhook: { url, secret_file }, timeout })[0];

  test('is sent the body, signed over its bytes', async () => {
    const { url, asked } = await receiver();
    const text = noticeText({ ...NOTICE, reason: 'Datenträger voll — 100 %' }, '2026-11-23T12:00:00.000Z', 'h');
    const channel = hook(url, secretFile('s3cret\n'));
    expect(await channel?.send(text)).toBeUndefined();
    const [one] = asked;
    expect(one).toMatchObject({ method: 'POST', url: '/hook?room=1' });
    expect(one?.body.toString('utf8')).toBe(text);
    const expected = createHmac('sha256', 's3cret')
      .update(one?.body ?? '')
      .digest('hex');
    expect(one?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-grace-signature-256': `sha256=${expected}`,
    });
    // What follows the path may hold a secret of its own.
    expect(channel?.name).toMatch(/\/hook #[0-9a-f]{8}$/);
    expect(channel?.name).not.toContain('room');
  });

  test('the signature is that of the secret without the line feed of an editor', () => {
    expect(signatureOf(Buffer.from('key'), 'The quick brown fox jumps over the lazy dog')).toBe(
      'sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
    );
  });

  test('a secret is read anew each time: it may be replaced', async () => {
    const { url, asked } = await receiver();
    const path = secretFile('one');
    const channel = hook(url, path);
    await channel?.send('{}');
    writeFileSync(path, 'two\r\n');
    await channel?.send('{}');
    expect(asked.map(({ headers }) => headers['x-grace-signature-256'])).toEqual(
      ['one', 'two'].map((secret) => signatureOf(Buffer.from(secret), '{}')),
    );
  });

  test('without a secret nothing is sent', async () => {
    const { url, asked } = await receiver();
    expect(await hook(url, '/none/there')?.send('{}')).toBe('there is no secret at /none/there');
    const empty = secretFile('\n');
    expect(await hook(url, empty)?.send('{}')).toBe(`${empty} is empty: nothing is sent unsigned`);
    const long = secretFile('x'.repeat(5000));
    expect(await hook(url, long)?.send('{}')).toBe(`there is no secret at ${long}`);
    expect(asked).toEqual([]);
  });

  test.each([
    [500, 'answered 500'],
    [302, 'answered 302'],
    [200, undefined],
    [299, undefined],
  ])('answered %d', async (status, fault) => {
    const { url } = await receiver(status);
    expect(await hook(url, secretFile('s'))?.send('{}')).toBe(fault);
  });

  test('nobody answers, or nobody listens', async () => {
    const { url } = await receiver('never');
    expect(await hook(url, secretFile('s'), '200ms')?.send('{}')).toBe('no answer within 200 ms');
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await hook(`http://127.0.0.1:${port}/`, secretFile('s'))?.send('{}')).toMatch(/ECONNREFUSED/);
  });
});

/** What the engine has written down before it asks for somebody to be told. */
async function written(): Promise<Stand> {
  const stand = healStand();
  const { incident } = NOTICE;
  await stand.put(incident);
  const about = { decision: { reason: 'r' }, metadata: { incident_id: incident.incident_id } };
  for (const action of [ACTION.incidentOpened, ACTION.approvalRequested, ACTION.incidentEscalated]) {
    await stand.person(action, incident.incident_id, about);
  }
  await stand.person(ACTION.brakeSet, 'brake', about);
  return stand;
}

const TOLD = [ACTION.notificationBegun, ACTION.incidentNotified, ACTION.notificationFailed];

describe('what is written down', () => {
  test('who is told, who took it, and who did not and why', async () => {
    const stand = await written();
    const { path } = keeping();
    const bad = script('exit 3');
    const { notifier, troubles } = notifierOf(stand, channels({ run: [path] }, { run: [bad] }));
    notifier.notify(NOTICE);
    await notifier.idle();
    const about = stand.audit(ACTION.incidentEscalated)[0]?.entry_id;
    const of = (by: string) => stand.audit(...TOLD).filter(({ decision }) => decision.by === by);
    const begun = (by: string) => ({
      ...{ action: ACTION.notificationBegun, resource: 'inc_new', decision: { event: 'escalated', by } },
      metadata: { incident_id: 'inc_new', about, owner: ownIdentity(), clock: expect.anything() },
    });
    const metadata = { incident_id: 'inc_new', about, clock: expect.anything() };
    expect(of(path)).toMatchObject([
      begun(path),
      { action: ACTION.incidentNotified, resource: 'inc_new', decision: { event: 'escalated', by: path }, metadata },
    ]);
    expect(of(bad)).toMatchObject([
      begun(bad),
      {
        ...{ action: ACTION.notificationFailed, resource: 'inc_new', metadata },
        decision: { event: 'escalated', by: bad, reason: 'exit 3' },
      },
    ]);
    expect(stand.audit(...TOLD)).toHaveLength(4);
    expect(troubles.map(String)).toEqual([expect.stringContaining('could not be told of escalated: exit 3')]);
  });

  test('only what a channel asked for is sent to it', async () => {
    const stand = await written();
    const [one, other] = [keeping(), keeping()];
    const all = channels({ run: [one.path], on: ['opened'] }, { run: [other.path], on: ['brake', 'escalated'] });
    const { notifier } = notifierOf(stand, all);
    for (const event of ALL) notifier.notify({ ...NOTICE, event });
    await notifier.idle();
    expect(one.told().map(({ event }) => event)).toEqual(['opened']);
    expect(
      other
        .told()
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['brake', 'escalated']);
  });

  test('nobody waits for it; idle does', async () => {
    const stand = await written();
    const { path, told } = keeping('sleep 0.2');
    const { notifier } = notifierOf(stand, channels({ run: [path] }));
    const begun = performance.now();
    notifier.notify(NOTICE);
    expect(performance.now() - begun).toBeLessThan(150);
    expect(stand.audit(...TOLD)).toEqual([]);
    await notifier.idle();
    expect([told().length, stand.audit(...TOLD).length]).toEqual([1, 2]);
  });

  test('on a full disk it is told all the same, once, and written down when there is room', async () => {
    const stand = await written();
    const { path, told } = keeping();
    const { notifier, troubles } = notifierOf(stand, channels({ run: [path] }));
    const { transact } = stand.ledger;
    const full = new OperatorError('GRACE_DISK_FULL', 3, 'no space');
    stand.ledger.transact = () => Promise.reject(full);
    notifier.notify(NOTICE);
    notifier.notify(NOTICE);
    await notifier.idle();
    expect([told().length, stand.audit(...TOLD), new Set(troubles)]).toEqual([1, [], new Set([full])]);
    stand.ledger.transact = transact;
    notifier.catchUp();
    await notifier.idle();
    expect([told()[0]?.event, stand.audit(ACTION.incidentNotified)[0]?.decision.event]).toEqual([
      'escalated',
      'escalated',
    ]);
    expect(told().filter(({ event }) => event === 'escalated')).toHaveLength(1);
  });

  test('what cannot be written down for another reason is trouble, and is told when it can', async () => {
    const stand = await written();
    const { path, told } = keeping();
    const { notifier, troubles } = notifierOf(stand, channels({ run: [path], on: ['escalated'] }));
    const { transact } = stand.ledger;
    stand.ledger.transact = () => Promise.reject(new Error('locked'));
    notifier.notify(NOTICE);
    await notifier.idle();
    expect([told(), troubles.map((error) => (error as Error).message)]).toEqual([[], ['locked']]);
    stand.ledger.transact = transact;
    notifier.catchUp();
    await notifier.idle();
    expect(told()).toHaveLength(1);
  });

  test('other channels from now on', async () => {
    const stand = await written();
    const [one, other] = [keeping('sleep 0.1'), keeping()];
    const { notifier } = notifierOf(stand, channels({ run: [one.path] }));
    notifier.notify(NOTICE);
    notifier.use(channels({ run: [other.path] }));
    notifier.notify(NOTICE);
    await notifier.idle();
    expect([one.told().length, other.told().length]).toEqual([1, 1]);
  });
});

describe('after a crash', () => {
  /** An incident that was escalated by a process that told nobody. */
  async function untold(change: Parameters<Stand['playbook']>[2] = {}) {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes(change.escalate ? 'ok' : 'critical')], change);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [p])));
    stand.ledger.registry.sync();
    const { path, told } = keeping();
    const again = async () => {
      stand.ledger.registry.sync();
      const { notifier } = notifierOf(stand, channels({ run: [path], on: ['escalated'] }));
      notifier.catchUp();
      await notifier.idle();
      return told();
    };
    return { stand, again, path, id: stand.incident().incident_id };
  }

  const write = (stand: Stand, action: string, resource: string, event: string) =>
    stand.person(action, resource, { decision: { event, by: 'x' }, metadata: { incident_id: resource } });

  test('what was escalated and not told is told, once', async () => {
    const { again, id } = await untold();
    expect(await again()).toMatchObject([
      { event: 'escalated', incident_id: id, reason: 'all remedies have failed', status: 'failed' },
    ]);
    expect(await again()).toHaveLength(1);
  });

  test('also what a remedy has only made bearable, though the check passes', async () => {
    const { again, id } = await untold({ escalate: true });
    expect(await again()).toMatchObject([{ event: 'escalated', incident_id: id, status: 'resolved' }]);
    expect(await again()).toHaveLength(1);
  });

  test.each([ACTION.incidentNotified, ACTION.notificationFailed])('%s of other news is not that', async (action) => {
    const { stand, again, id } = await untold();
    await write(stand, action, id, 'opened');
    expect(await again()).toHaveLength(1);
  });

  test.each([ACTION.incidentNotified, ACTION.incidentAcknowledged])('after %s nobody is told again', async (action) => {
    const { stand, again, id, path } = await untold();
    await stand.person(action, id, { decision: { event: 'escalated', by: path }, metadata: { incident_id: id } });
    await write(stand, action, id, 'approval');
    expect(await again()).toEqual([]);
  });

  test('what is over, or was staged, is not told', async () => {
    const stand = healStand();
    const records: Partial<NewIncident>[] = [
      { incident_id: 'inc_a', origin: 'drill' },
      { incident_id: 'inc_b', status: 'resolved', resolution: 'self_recovered' },
      { incident_id: 'inc_c', status: 'failed', resolution: 'manual' },
    ];
    for (const change of records) {
      await stand.put(newIncident(change));
      await stand.person(ACTION.incidentEscalated, change.incident_id ?? '', {
        decision: { reason: 'r', gave_up: true },
        metadata: {},
      });
    }
    const { path, told } = keeping();
    const { notifier } = notifierOf(stand, channels({ run: [path] }));
    notifier.catchUp();
    await notifier.idle();
    expect(told()).toEqual([]);
    await stand.put(newIncident({ incident_id: 'inc_d' }));
    notifier.catchUp();
    await notifier.idle();
    expect(told(), 'nothing has been said of it').toEqual([]);
  });
});

test('the engine tells after what it tells of stands in the logs', async () => {
  const stand = healStand();
  const { path, told } = keeping();
  const { notifier } = notifierOf(stand, channels({ run: [path], on: ['opened', 'escalated'] }));
  const stood: string[][] = [];
  const engine = stand.engine({
    tools: {
      notify: (notice) => {
        stood.push(stand.audit().map(({ action }) => action));
        notifier.notify(notice);
      },
    },
  });
  await lookUntilHandled(stand, stand.monitor(stand.watched(service().check, []), engine));
  await notifier.idle();
  await delay(0);
  expect(stood).toEqual([
    ['incident_snapshot', 'incident_opened', 'incident_escalated'],
    ['incident_snapshot', 'incident_opened', 'incident_escalated'],
  ]);
  expect(
    told()
      .map(({ event }) => event)
      .sort(),
  ).toEqual(['escalated', 'opened']);
});
