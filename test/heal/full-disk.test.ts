import { appendFileSync, existsSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tool, withoutTmpfs } from '../support/fault-tools.js';
import {
  expectClaimsInOrder,
  expectSoundLogs,
  type HealHost,
  hostAt,
  hostDir,
  until,
  WIDE,
  WIDE_POLICY,
} from '../support/heal-host.js';

const without = withoutTmpfs();
const MIB = 1 << 20;
const verify = { passes: 2, every: '20ms', within: '1s' };

interface Disk extends HealHost {
  /** A file for the remedy to delete that leaves not a byte. */
  fill(name?: string): void;
  free(): number;
  reserve(): number;
}

/** A host whose logs are on a disk of 12 MiB, with a check of the disk and one of something else. */
function diskHost(change: { disk?: object; playbooks?: Record<string, object>; up?: object } = {}): Disk {
  const dir = hostDir();
  const at = join(dir, 'disk');
  tool('mkdir', at);
  tool('mount', '-t', 'tmpfs', '-o', 'size=12m,mode=0755', 'tmpfs', at);
  tool('mkdir', join(at, 'junk'));
  const host = hostAt(dir, 'disk/logs');
  const mend = host.script('mend.sh', `echo "mend $GRACE_ACT" >> ${host.path('acts')}\ntouch ${host.path('up')}`);
  host.write('up', '');
  const common = { every: '100ms', confirm: '1 of 1', limits: WIDE };
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'disk/logs', policy: WIDE_POLICY },
    checks: {
      room: { disk: { path: at, free_above: '2MiB' }, ...common, heal: ['clear'], ...change.disk },
      up: { file: { path: host.path('up') }, ...common, heal: ['mend'], ...change.up },
    },
    playbooks: {
      clear: { risk: 'low', steps: [freeing(at)], verify, relapse: '0s' },
      mend: { risk: 'low', steps: [{ run: [mend] }], verify, relapse: '0s' },
      ...change.playbooks,
    },
  });
  const free = () => Number(statfsSync(at).bavail * statfsSync(at).bsize);
  return Object.assign(host, {
    free,
    fill: (name = 'a.tmp') => fillUp(join(at, 'junk', name)),
    reserve: () => statSync(join(host.logs, '.reserve'), { throwIfNoEntry: false })?.size ?? -1,
  });
}

const freeing = (at: string) => ({
  free_space: { roots: [join(at, 'junk')], globs: ['*.tmp'], older_than: '0s' },
});

function fillUp(path: string): void {
  for (const size of [1 << 16, 1 << 12, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
}

const bytesOf = (host: HealHost) =>
  ['incidents.jsonl', 'immutable_audit.jsonl'].map((name) => readFileSync(join(host.logs, name), 'latin1'));

/** One ordinary episode, so that the logs are sealed and hold something. */
async function lived(host: Disk): Promise<void> {
  rmSync(host.path('up'));
  expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
  expect(host.reserve()).toBe(MIB);
}

function expectFreed(host: Disk, times = 1): void {
  expect(host.free()).toBeGreaterThan(2 * MIB);
  expect(host.reserve()).toBe(MIB);
  const incidents = host.incidents().filter(({ check }) => check === 'room');
  expect(incidents).toHaveLength(times);
  for (const one of incidents) {
    expect(one).toMatchObject({ status: 'resolved', resolution: 'remediated', verification: { status: 'verified' } });
  }
  expectClaimsInOrder(host.audit());
}

describe.skipIf(without)('the disk of the logs is the full one', () => {
  it('it is freed: intent and outcome come from the reserve, which is filled again; nobody else may write', async () => {
    const host = diskHost();
    await lived(host);
    host.fill();
    const before = bytesOf(host);
    for (const command of [
      ['heal', 'silence', 'up', '--for', '1h'],
      ['heal', 'run', 'up'],
    ]) {
      rmSync(host.path('up'), { force: true });
      const refused = await host.grace(command);
      expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('[GRACE_DISK_FULL]') });
      if (command[1] === 'run') expect(refused.stderr).toContain('grace: error: up: ');
      expect(bytesOf(host)).toEqual(before);
    }
    expect(host.lines('acts')).toHaveLength(1);
    expect(await host.grace(['heal', 'status'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /^The disk of the logs is full: .*\nNo incident is open that could be recorded\.\n/,
      ),
    });
    expect((await host.grace(['heal', 'plan', 'room'])).stdout).toContain('would run clear');
    expect(bytesOf(host)).toEqual(before);
    expect(host.reserve()).toBe(MIB);

    const healed = await host.grace(['heal', 'run', 'room']);
    expect(healed, healed.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('healed in') });
    expectFreed(host);
    for (const [i, bytes] of bytesOf(host).entries()) expect(bytes.startsWith(before[i] ?? '?')).toBe(true);
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 0 });
    await expectSoundLogs(host);
  });

  it('what cannot be recorded meanwhile does not keep the disk from being freed in the same pass', async () => {
    const host = diskHost();
    await lived(host);
    host.fill();
    rmSync(host.path('up'));
    const run = await host.grace(['heal', 'run']);
    // Which of both comes first is open.
    expect([0, 3], run.stderr).toContain(run.code);
    if (run.code === 3) expect(run.stderr).toContain('[GRACE_DISK_FULL]');
    expectFreed(host);
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    expect(existsSync(host.path('up'))).toBe(true);
    await expectSoundLogs(host);
  });

  it('the first record of all is about it', async () => {
    const host = diskHost();
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0, stdout: '' });
    host.fill();
    const healed = await host.grace(['heal', 'run']);
    expect(healed, healed.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('healed in') });
    expectFreed(host);
    await expectSoundLogs(host);
  });

  it.each(['incidents.jsonl', 'immutable_audit.jsonl'])('a record was torn by it in %s', async (log) => {
    const host = diskHost();
    await lived(host);
    const path = join(host.logs, log);
    // Up to the end of its last page: not even a line feed fits behind it.
    const room = 4096 - (statSync(path).size % 4096);
    appendFileSync(path, `{"torn":"${'x'.repeat(room - 9)}`);
    host.fill();
    const healed = await host.grace(['heal', 'run']);
    expect(healed, healed.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('healed in') });
    expectFreed(host);
  });

  it('the brake can be put on', async () => {
    const host = diskHost();
    await lived(host);
    host.fill();
    expect(await host.grace(['heal', 'brake', 'on'])).toMatchObject({ code: 0 });
    expect(host.audit('brake_set')).toHaveLength(1);
    const held = await host.grace(['heal', 'run', 'room']);
    expect(held, held.stderr).toMatchObject({ code: 4, stdout: expect.stringContaining('the brake is on') });
    expect(await host.grace(['heal', 'brake', 'off'])).toMatchObject({ code: 0 });
    expect(await host.grace(['heal', 'run', 'room'])).toMatchObject({ code: 0 });
    expectFreed(host);
    await expectSoundLogs(host);
  });

  it('the remedy itself fills the disk before it frees it', async () => {
    const host = diskHost({ disk: { disk: undefined, file: { path: '/nonexistent' } } });
    const filler = host.script(
      'fill.sh',
      `cat /dev/zero > ${host.path('disk/junk/b.tmp')} 2>/dev/null; rm -f ${host.path('wrong')}`,
    );
    configureRoom(host, { file: { path: host.path('wrong'), exists: false } }, [
      { run: [filler] },
      freeing(host.path('disk')),
    ]);
    await lived(host);
    host.write('wrong', '');
    const healed = await host.grace(['heal', 'run', 'room']);
    expect(healed, healed.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('MiB freed') });
    expectFreed(host);
    await expectSoundLogs(host);
  });

  it('a remedy fills the disk, and its outcome finds no room: unknown, and it is not repeated', async () => {
    const host = diskHost();
    const filler = host.script(
      'fill.sh',
      `echo "mend $GRACE_ACT" >> ${host.path('acts')}\ncat /dev/zero > ${host.path('disk/junk/b.tmp')} 2>/dev/null; true`,
    );
    configureRoom(host, { file: { path: host.path('wrong'), exists: false } }, [{ run: [filler] }]);
    rmSync(host.path('up'));
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 0 });
    host.write('wrong', '');
    const broken = await host.grace(['heal', 'run', 'room']);
    expect(broken).toMatchObject({ code: 3, stderr: expect.stringMatching(/GRACE_(DISK_FULL|WRITE_FAILED)/) });
    rmSync(host.path('disk/junk/b.tmp'));
    const next = await host.grace(['heal', 'run', 'room']);
    expect(next, next.stderr).toMatchObject({ code: 3, stdout: expect.stringContaining('needs a person') });
    expect(host.lines('acts')).toHaveLength(2);
    expect(host.audit('remedy_ended').at(-1)?.decision).toMatchObject({ outcome: 'unknown', verified: false });
    expectClaimsInOrder(host.audit());
    await expectSoundLogs(host);
  });

  it('the same under heal watch, which goes on: once there is room, the outcome is written down', async () => {
    const host = diskHost();
    const filler = host.script(
      'fill.sh',
      `echo "mend $GRACE_ACT" >> ${host.path('acts')}\ncat /dev/zero > ${host.path('disk/junk/b.tmp')} 2>/dev/null; rm ${host.path('wrong')}`,
    );
    configureRoom(host, { file: { path: host.path('wrong'), exists: false } }, [{ run: [filler] }]);
    const watch = host.start(['heal', 'watch']);
    await until('it watches', () => host.audit('watch_started').length === 1);
    host.write('wrong', '');
    await until('the remedy has run', () => !existsSync(host.path('wrong')));
    // Its outcome has found no room by now.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(host.audit('remedy_ended')).toEqual([]);
    rmSync(host.path('disk/junk/b.tmp'));
    await until('the claim has its end', () => host.audit('remedy_ended').length === 1);
    await until('the incident is over', () => host.incidents().at(-1)?.status === 'resolved');
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    expect(host.lines('acts')).toHaveLength(1);
    expectClaimsInOrder(host.audit());
    await expectSoundLogs(host);
  });

  it('heal watch is started when the disk is full already', async () => {
    const host = diskHost();
    await lived(host);
    host.fill();
    const watch = host.start(['heal', 'watch']);
    await until('it is freed', () => freed(host) === 2);
    // That it runs is written down once there is room.
    await until('the watch is known', () => host.audit('watch_started').length === 1);
    watch.child.kill('SIGTERM');
    const ended = await watch.ended;
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('[GRACE_DISK_FULL]') });
    expectFreed(host);
    await expectSoundLogs(host);
  });

  it('somebody fills it all the time while it is freed again and again', async () => {
    const host = diskHost();
    await lived(host);
    const watch = host.start(['heal', 'watch']);
    const filler = host.script(
      'fill.sh',
      `n=0; while [ -e ${host.path('filling')} ]; do n=$((n+1)); head -c 3000000 /dev/zero > ${host.path('disk/junk')}/f$n.tmp 2>/dev/null; sleep 0.05; done`,
    );
    host.write('filling', '');
    const { spawn } = await import('node:child_process');
    const filling = spawn(filler, { stdio: 'ignore' });
    await until('it has been freed five times', () => freed(host) >= 5, 30_000);
    rmSync(host.path('filling'));
    await new Promise((resolve) => filling.once('exit', resolve));
    await until('nothing is wrong', async () => (await host.grace(['heal', 'status'])).code === 0, 30_000);
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    expect(host.reserve()).toBe(MIB);
    expectClaimsInOrder(host.audit());
    await expectSoundLogs(host);
    console.log(`full disk: filled all the time, freed ${freed(host)} times, ${host.incidents().length} incidents`);
  });
});

describe.skipIf(without)('nothing frees the disk of the logs', () => {
  it('people are told once of what fails and cannot be recorded, heal status says so, and all is recorded in the end', async () => {
    const host = diskHost();
    const pager = host.script('pager.sh', `cat >> ${host.path('pages')}`);
    const config = JSON.parse(readFileSync(host.config, 'utf8'));
    const { up } = config.checks;
    config.checks = { up: { ...up, heal: [] } };
    config.notify = [{ run: [pager] }];
    host.configure(config);
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    const watch = host.start(['heal', 'watch']);
    await until('it watches', () => host.audit('watch_started').length === 1);
    const pages = () => host.lines('pages').map((line) => JSON.parse(line));
    host.fill();
    rmSync(host.path('up'));
    await until('somebody is told', () => pages().length === 1);
    const status = await host.grace(['heal', 'status', '--json']);
    expect(status.code).toBe(3);
    expect(JSON.parse(status.stdout)).toMatchObject({ disk_full: true, wrong: [] });
    // Many looks, and the housekeeping between them.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(pages()).toHaveLength(1);
    expect(pages().at(-1)).toMatchObject({
      ...{ schema: 'grace.notice/1', event: 'escalated', incident_id: null, check: 'up' },
      ...{ target: host.path('up'), failure_mode: 'config_missing', status: null },
      reason: expect.stringMatching(/^up fails, and that cannot be recorded: .* full disk/),
    });
    rmSync(host.path('disk/junk/a.tmp'));
    await until('it is recorded', () => pages().length >= 2);
    expect(pages().at(-1)).toMatchObject({ event: 'escalated', incident_id: host.incidents()[0]?.incident_id });
    expect(await host.grace(['heal', 'status'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('1 thing is wrong'),
    });
    host.write('up', '');
    await until('it is over', () => pages().length >= 3);
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    await expectSoundLogs(host);
  });
});

describe('the registry is deleted at every look and in every act', () => {
  it('a remedy runs once, and the registry is as the logs have it', async () => {
    const host = hostAt(hostDir());
    const drop = `rm -f ${host.logs}/registry.db ${host.logs}/registry.db-wal ${host.logs}/registry.db-shm`;
    const look = host.script('look.sh', `${drop}\ntest -e ${host.path('up')} || { echo down; exit 2; }\necho up`);
    const mend = host.script(
      'mend.sh',
      `${drop}\necho "mend $GRACE_ACT" >> ${host.path('acts')}\n[ $(wc -l < ${host.path('acts')}) -lt 2 ] || touch ${host.path('up')}\n${drop}`,
    );
    host.configure({
      ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY },
      checks: {
        up: { command: { run: [look] }, every: '100ms', confirm: '2 of 2', heal: ['mend', 'again'], limits: WIDE },
      },
      playbooks: {
        mend: { risk: 'low', steps: [{ run: [mend] }], verify: { ...verify, within: '300ms' } },
        again: { risk: 'low', steps: [{ run: [mend] }], verify },
      },
    });
    const watch = host.start(['heal', 'watch']);
    await until('it is healed', () => host.incidents()[0]?.status === 'resolved');
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    expect(host.lines('acts')).toHaveLength(2);
    expect(new Set(host.lines('acts')).size).toBe(2);
    expect(expectClaimsInOrder(host.audit())).toBe(2);
    expect(host.incidents()).toMatchObject([{ attempts: [{ outcome: 'failed' }, { outcome: 'worked' }] }]);
    await expectSoundLogs(host);
  });
});

/** Another check and other steps under the names that are there. */
function configureRoom(host: Disk, check: object, steps: readonly object[]): void {
  const config = JSON.parse(readFileSync(host.config, 'utf8'));
  const { disk: _, ...rest } = config.checks.room;
  config.checks.room = { ...rest, ...check };
  config.playbooks.clear.steps = steps;
  writeFileSync(host.config, JSON.stringify(config));
}

const freed = (host: Disk) => host.audit('remedy_ended').filter(({ decision }) => decision.verified === true).length;
