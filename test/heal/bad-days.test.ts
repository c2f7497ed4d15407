import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RAW_CONTROL } from '../support/cli.js';
import { withoutFaketime } from '../support/fault-tools.js';
import {
  expectClaimsInOrder,
  expectSoundLogs,
  type HealHost,
  healHost,
  until,
  WIDE,
  WIDE_POLICY,
} from '../support/heal-host.js';
import { fingerprintOf } from '../support/temp-dir.js';

const isRoot = process.getuid?.() === 0;
const verify = { passes: 1, every: '20ms', within: '300ms' };

interface Setting {
  readonly top?: object;
  readonly check?: object;
  readonly steps?: readonly object[];
  readonly playbook?: object;
  readonly more?: Record<string, object>;
}

/** A check that looks for a file, and a remedy that says that it ran and puts the file there. */
function fileHost(setting: Setting = {}): HealHost {
  const host = healHost();
  configure(host, setting);
  return host;
}

function configure(host: HealHost, { top, check, steps, playbook, more }: Setting): void {
  const mend = host.script('mend.sh', `echo "$GRACE_ACT" >> ${host.path('acts')}\ntouch ${host.path('up')}`);
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY, ...top },
    checks: {
      up: {
        ...(check && 'command' in check ? {} : { file: { path: host.path('up') } }),
        ...{ every: '100ms', confirm: '1 of 1', heal: ['mend'], limits: WIDE },
        ...check,
      },
    },
    playbooks: {
      mend: { risk: 'low', steps: steps ?? [{ run: [mend] }], verify, relapse: '0s', ...playbook },
      ...more,
    },
  });
}

const acts = (host: HealHost) => host.lines('acts').length;
const fails = (host: HealHost) => rmSync(host.path('up'), { force: true });

/** Starts a watch and waits until it watches. */
async function watching(host: HealHost) {
  const watch = host.start(['heal', 'watch']);
  const lines: string[] = [];
  watch.onLine((line) => lines.push(line));
  await until('it watches', () => lines.some((line) => line.includes('watching:')));
  return { ...watch, lines, says: (text: string) => lines.some((line) => line.includes(text)) };
}

describe('a configuration that is wrong', () => {
  it('ten errors are ten reports, each with its place, and nothing is done', async () => {
    const host = healHost();
    const long = 'x'.repeat(10_240);
    host.configure(`version: 1
mode: perhaps
checks:
  a: { port_free: { port: 99999 } }
  b: { file: { path: ../../etc } }
  c: { tcp: { port: 80, timeot: 1s } }
  d: { file: { path: /x }, every: often }
  e: { file: { path: /x }, confirm: 4 of 3 }
  f: { file: { path: /x }, target: ${long} }
  g: { file: { path: /x }, heal: [nobody] }
  h: { systemd: { unit: --help } }
playbooks:
  p: { steps: [{ run: ['; rm -rf /'] }] }
`);
    const checked = await host.grace(['config', 'check', '--json']);
    expect(checked.code).toBe(2);
    const text = (await host.grace(['config', 'check'])).stdout;
    for (const line of [2, 4, 5, 6, 7, 8, 9, 10, 11, 13]) expect(text, text).toContain(`grace.yaml:${line}:`);
    for (const command of [
      ['heal', 'run'],
      ['heal', 'watch'],
      ['heal', 'plan'],
    ]) {
      const refused = await host.grace(command);
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('GRACE_CONFIG_INVALID') });
      expect(refused.stderr.length).toBeLessThan(2000);
    }
    expect(existsSync(`${host.logs}/immutable_audit.jsonl`)).toBe(false);
  });

  it('a program that is missing, or not executable: told beforehand, and the remedy fails with that', async () => {
    const host = fileHost({ steps: [{ run: ['/usr/local/sbin/no-such-program'] }] });
    const told = await host.grace(['config', 'check']);
    expect(told.stdout + told.stderr).toContain('/usr/local/sbin/no-such-program is not there');
    const missing = await host.grace(['heal', 'run']);
    expect(missing).toMatchObject({ code: 3, stdout: expect.stringContaining('there is no program') });
    const plain = host.write('plain.sh', '#!/bin/sh\n', 0o644);
    configure(host, { steps: [{ run: [plain] }], check: { limits: WIDE, target: 'other' } });
    expect(await host.grace(['heal', 'run'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('not executable'),
    });
    expect(host.incidents()).toMatchObject([{ status: 'failed' }, { status: 'failed' }]);
  });

  it('read again when it changes and at SIGHUP; one that is broken changes nothing, and that is said', async () => {
    const host = fileHost({ top: { mode: 'observe' } });
    const good = readFileSync(host.config, 'utf8');
    const watch = await watching(host);
    // Who asks gets an answer, also when there is nothing to do.
    watch.child.kill('SIGHUP');
    await until('it is answered', () => watch.says('again: nothing has changed'));
    host.configure('version: 1\nchecks: [');
    watch.child.kill('SIGHUP');
    await until('it is refused', () => watch.says('the one before holds'));
    await until('that is written down', () => host.audit('config_refused').length === 1);
    await until('the old one holds', () => host.audit('remedy_withheld').length === 1);
    // By its time, without a signal.
    host.configure(good.replace('"observe"', '"act"'));
    await until('it is read again', () => watch.says('again:'));
    await until('it acts', () => acts(host) === 1);
    watch.child.kill('SIGTERM');
    const ended = await watch.ended;
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('GRACE_CONFIG_INVALID') });
    expect(host.audit('config_loaded')).toHaveLength(1);
  });
});

describe('heal watch', () => {
  it('there is one: a second says so and ends', async () => {
    const host = fileHost();
    const watch = await watching(host);
    const second = await host.grace(['heal', 'watch']);
    expect(second).toMatchObject({ code: 11, stderr: expect.stringContaining('GRACE_WATCH_RUNNING') });
    expect((await host.grace(['heal', 'status'])).stdout).toContain(`The watch runs, process ${watch.pid}`);
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    expect(host.audit('watch_started')).toHaveLength(1);
    expect((await host.grace(['heal', 'status'])).stdout).toContain('No watch runs here');
  });

  it('SIGTERM while a remedy runs: it is finished, verified and written down', async () => {
    const host = healHost();
    const slow = host.script('slow.sh', `echo "$GRACE_ACT" >> ${host.path('acts')}\nsleep 1\ntouch ${host.path('up')}`);
    configure(host, { steps: [{ run: [slow] }] });
    const watch = await watching(host);
    await until('it is at work', () => acts(host) === 1);
    watch.child.kill('SIGTERM');
    const ended = await watch.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('asked to stop; ends first what is under way: up');
    expect(ended.stdout).toContain('healed in');
    expect(host.audit('watch_ended')).toMatchObject([{ decision: { under_way: ['up'] } }]);
    expect(host.incidents()).toMatchObject([{ status: 'resolved', resolution: 'remediated' }]);
  });

  it('asked a second time it abandons the remedy, ends what it started, and says which it was', async () => {
    const host = healHost();
    const hung = host.script('hung.sh', `echo "$GRACE_ACT" >> ${host.path('acts')}\ntrap "" TERM\nsleep 300`);
    configure(host, { steps: [{ run: [hung], timeout: '5m' }] });
    const watch = await watching(host);
    await until('it is at work', () => acts(host) === 1);
    watch.child.kill('SIGTERM');
    await until('it says that it waits', () => watch.says('asked to stop'));
    watch.child.kill('SIGTERM');
    const ended = await watch.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/not healed: run: /);
    expect(host.processes()).toEqual([]);
    expect(host.audit('remedy_ended')).toHaveLength(1);
    expectClaimsInOrder(host.audit());
    expect(host.incidents()).toMatchObject([{ status: 'detected', attempts: [{ verified: false }] }]);
  });
});

describe('plugins that misbehave', () => {
  const PLUGINS: readonly [string, string, string][] = [
    ['hang', 'sleep 300 & sleep 300', 'gave no result within'],
    ['die by a signal', 'kill -SEGV $$', 'was ended by SIGSEGV'],
    ['answer what means nothing', 'echo what; exit 77', 'exit code 77'],
    ['flood and say unknown', 'head -c 20000000 /dev/zero; exit 3', ''],
    ['print control characters', 'printf "\\033[31mred\\007\\033]0;title\\a\\n"; exit 3', ''],
  ];
  it.each(PLUGINS)('that %s: unknown, and never a reason to act', async (_, body, says) => {
    const host = healHost();
    const plugin = host.script('plugin.sh', body);
    configure(host, { check: { command: { run: [plugin], timeout: '500ms' } } });
    const run = await host.grace(['heal', 'run', '--verbose']);
    expect(run.code, run.stderr).toBe(3);
    expect(run.stdout).toContain('unknown');
    expect(run.stdout).toContain(says);
    expect(run.stdout.length).toBeLessThan(10_000);
    expect(run.stdout).not.toMatch(RAW_CONTROL);
    const checked = await host.grace(['heal', 'check']);
    expect(checked.code).toBe(3);
    expect(checked.stdout).not.toMatch(RAW_CONTROL);
    expect([acts(host), host.audit('remedy_claimed').length, host.incidents().length]).toEqual([0, 0, 0]);
    expect(host.processes()).toEqual([]);
  });

  it('one that is critical with control characters is acted on, and shown escaped', async () => {
    const host = healHost();
    const plugin = host.script(
      'plugin.sh',
      `test -e ${host.path('up')} && exit 0\nprintf "\\033[31m\\342\\200\\256red|x=1\\n"; exit 2`,
    );
    configure(host, { check: { command: { run: [plugin] } } });
    for (const args of [
      ['heal', 'plan'],
      ['heal', 'check'],
      ['heal', 'run', '--verbose'],
      ['heal', 'status'],
    ]) {
      const { stdout, stderr } = await host.grace(args);
      expect(stdout + stderr).not.toMatch(RAW_CONTROL);
      expect(stdout + stderr).not.toContain('\u202e');
    }
    expect(host.incidents()).toMatchObject([{ status: 'resolved' }]);
  });
});

describe('remedies that misbehave', () => {
  const REMEDIES: readonly [string, string, object][] = [
    ['fork and leave the group', 'setsid sleep 300 &\nsleep 300', { outcome: 'timed_out' }],
    ['ignore TERM', 'trap "" TERM\nsleep 300 &\nwait; wait; sleep 300', { outcome: 'timed_out' }],
    ['end well without helping', 'true', { outcome: 'failed' }],
    ['make it worse', 'touch $0.worse; exit 1', { outcome: 'failed' }],
  ];
  it.each(REMEDIES)('that %s: ended, recorded, and the next one is tried', async (_, body, first) => {
    const host = healHost();
    const bad = host.script('bad.sh', body);
    const good = host.script('good.sh', `touch ${host.path('up')}`);
    configure(host, {
      check: { heal: ['mend', 'good'] },
      steps: [{ run: [bad], timeout: '400ms' }],
      more: { good: { risk: 'low', steps: [{ run: [good] }], verify } },
    });
    const run = await host.grace(['heal', 'run']);
    expect(run, run.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('healed in') });
    expect(host.processes()).toEqual([]);
    expect(host.incidents()).toMatchObject([
      {
        status: 'resolved',
        attempts: [
          { ...first, verified: false },
          { outcome: 'worked', verified: true },
        ],
      },
    ]);
    expectClaimsInOrder(host.audit());
  });

  it('one that helps only after a while is verified for so long', async () => {
    const host = healHost();
    const late = host.script('late.sh', `(sleep 0.6; touch ${host.path('up')}) >/dev/null 2>&1 &`);
    configure(host, { steps: [{ run: [late] }], playbook: { verify: { passes: 3, every: '50ms', within: '5s' } } });
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    expect(host.incidents()).toMatchObject([{ status: 'resolved', verification: { passes: 3 } }]);
    expect(host.incidents()[0]?.timings.verify_s).toBeGreaterThan(0.5);
  });

  it('targets are data, however they look', async () => {
    for (const target of ['; rm -rf /', '--help', '../../etc', '$(touch /tmp/x)']) {
      const host = healHost();
      const show = host.script('show.sh', `printf '%s\\n' "$@" > ${host.path('args')}\ntouch ${host.path('up')}`);
      configure(host, {
        check: { target },
        steps: [{ run: [show, '--', '{target}'] }],
        playbook: { params: { target: 'word' } },
      });
      const run = await host.grace(['heal', 'run']);
      // What does not fit the type of the parameter fails the step before it is run; nothing of it is ever taken apart.
      if (existsSync(host.path('args'))) expect(host.lines('args')).toEqual(['--', target]);
      else expect(run.code).toBe(3);
      expect(host.incidents()[0]?.target).toBe(target);
    }
  });
});

const withoutClock = withoutFaketime();

describe.skipIf(withoutClock)('a clock that is set back by a day', () => {
  const yesterday = {
    under: ['faketime', '-f', '-1d'],
    env: { FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  };

  it('cooldown and caps hold all the same, and nothing lasts a negative time', async () => {
    const host = fileHost({ check: { limits: { cooldown: '1h', max: ['2/1h'] } } });
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    fails(host);
    const cooling = await host.grace(['heal', 'run'], yesterday);
    expect(cooling).toMatchObject({ code: 4, stdout: expect.stringContaining('cooldown: the last act is too recent') });
    expect(acts(host)).toBe(1);

    const over = { ...yesterday, env: { ...yesterday.env } };
    expect(await host.grace(['heal', 'run', '--pass-over', 'cooldown'], over)).toMatchObject({ code: 0 });
    expect(acts(host)).toBe(2);
    fails(host);
    for (const options of [yesterday, {}]) {
      const capped = await host.grace(['heal', 'run', '-v', '--pass-over', 'cooldown'], options);
      expect(capped).toMatchObject({ code: 4, stdout: expect.stringContaining('cap: 2 acts within 1h') });
    }
    for (const { mttr_seconds, timings, attempts } of host.snapshots()) {
      for (const s of [mttr_seconds, ...Object.values(timings), ...attempts.map((one) => one.duration_s)]) {
        if (s != null) expect(s).toBeGreaterThanOrEqual(0);
        if (s != null) expect(s).toBeLessThan(60);
      }
    }
    await expectSoundLogs(host);
  });
});

describe('the operator decides', () => {
  it('observe: what would have been done is written down and shown, and nothing is done', async () => {
    const host = fileHost({ top: { mode: 'observe' } });
    const run = await host.grace(['heal', 'run']);
    expect(run).toMatchObject({ code: 4, stdout: expect.stringContaining('would have run mend, and did not') });
    expect(acts(host)).toBe(0);
    expect(host.audit('remedy_withheld')).toMatchObject([{ decision: { playbook_id: 'mend', rails: ['observe'] } }]);
    expect((await host.grace(['heal', 'status'])).stdout).toContain('would have run mend, and did not, as of ');
    expect(await host.grace(['heal', 'run', '--pass-over', 'observe'])).toMatchObject({ code: 0 });
    expect(host.audit('remedy_claimed')).toMatchObject([{ decision: { passed_over: ['observe: mode is observe'] } }]);
  });

  it('an approval: asked for, given, used once, and used up', async () => {
    const autonomy = { low: 'auto', medium: 'approve', high: 'never' };
    const host = fileHost({ top: { policy: { ...WIDE_POLICY, autonomy } }, playbook: { risk: 'medium' } });
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 4 });
    const [incident] = host.incidents();
    const id = incident?.incident_id ?? '';
    expect(host.audit('approval_requested')).toMatchObject([{ resource: id, decision: { playbook_id: 'mend' } }]);
    expect((await host.grace(['heal', 'status'])).stdout).toContain('waits for an approval');
    expect(await host.grace(['heal', 'approve', id, 'other'])).toMatchObject({ code: 2 });
    expect(await host.grace(['heal', 'approve', id])).toMatchObject({ code: 0 });
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    expect(acts(host)).toBe(1);
    expect(await host.grace(['heal', 'approve', id])).toMatchObject({ code: 4 });
    fails(host);
    // Another incident, and the approval was for the one before.
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 4 });
    expect(acts(host)).toBe(1);
    expect(host.audit('approval_given')).toMatchObject([{ actor: expect.stringMatching(/^operator:/) }]);
    await expectSoundLogs(host);
  });

  it('brake, silence, ack and close', async () => {
    const host = fileHost();
    expect(await host.grace(['heal', 'brake', 'on', '--reason', 'storm'])).toMatchObject({ code: 0 });
    const braked = await host.grace(['heal', 'run']);
    expect(braked).toMatchObject({ code: 4, stdout: expect.stringContaining('brake: the brake is on') });
    expect(await host.grace(['heal', 'run', '--pass-over', 'brake'])).toMatchObject({ code: 2 });
    expect(await host.grace(['heal', 'brake', 'off'])).toMatchObject({ code: 0 });

    const silenced = await host.grace(['heal', 'silence', 'u*', '--for', '1h']);
    const name = /silence_\w+/.exec(silenced.stdout)?.[0] ?? '';
    expect(await host.grace(['heal', 'run'])).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('silence: silenced by'),
    });
    expect(acts(host)).toBe(0);

    const id = host.incidents()[0]?.incident_id ?? '';
    expect(await host.grace(['heal', 'ack', id, '--note', 'seen'])).toMatchObject({ code: 0 });
    expect(await host.grace(['heal', 'close', id])).toMatchObject({ code: 2 });
    expect(await host.grace(['heal', 'close', id, '--reason', 'a test'])).toMatchObject({ code: 0 });
    expect(host.incidents()).toMatchObject([
      { status: 'resolved', success: false, resolution: 'manual', verification: { status: 'unverified' } },
    ]);
    expect(await host.grace(['heal', 'close', id, '--reason', 'again'])).toMatchObject({ code: 4 });
    expect(await host.grace(['heal', 'silence', '--end', name])).toMatchObject({ code: 0 });
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    expect(acts(host)).toBe(1);
    await expectSoundLogs(host);
  });

  it('looking changes nothing: plan, check, status, playbooks', async () => {
    const host = fileHost();
    const looks = [
      ['heal', 'plan'],
      ['heal', 'check'],
      ['heal', 'playbooks'],
      ['heal', 'status'],
    ];
    const empty = fingerprintOf(host.logs);
    for (const args of looks) await host.grace(args);
    expect(fingerprintOf(host.logs)).toEqual(empty);
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    fails(host);
    expect(await host.grace(['registry', 'sync'])).toMatchObject({ code: 0 });
    const before = filesOf(host.logs);
    for (const args of looks) {
      await host.grace(args);
      expect(filesOf(host.logs), args.join(' ')).toEqual(before);
    }
    expect((await host.grace(['heal', 'plan'])).stdout).toContain('would run mend');
    expect(acts(host)).toBe(1);
  });

  it.skipIf(!isRoot)('another account on a directory that is not its own: refused, with whom to ask', async () => {
    const host = fileHost();
    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0 });
    fails(host);
    for (const at of [host.dir, host.logs]) chmodSync(at, 0o755);
    const before = bytesOf(host);
    const refused = await host.grace(['heal', 'run'], { uid: 65534 });
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('GRACE_NOT_OWNER') });
    expect(refused.stderr).toContain('sudo -u root');
    expect(bytesOf(host)).toEqual(before);
    expect(acts(host)).toBe(1);
  });
});

/** Names and bytes of everything there is. */
function filesOf(dir: string): string[][] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort().map((path) => [path, readFileSync(path, 'hex')]);
}

/** What is evidence, byte for byte. */
function bytesOf(host: HealHost): string[] {
  return ['incidents.jsonl', 'immutable_audit.jsonl'].map((name) => readFileSync(`${host.logs}/${name}`, 'latin1'));
}
