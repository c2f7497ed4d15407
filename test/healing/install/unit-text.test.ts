import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/core/config/read-config.js';
import { cronLine } from '../../../src/healing/install/cron-line.js';
import type { Installation } from '../../../src/healing/install/installation.js';
import { needsOf } from '../../../src/healing/install/needs.js';
import { timerText } from '../../../src/healing/install/timer-text.js';
import { PASS_TIMER, PASS_UNIT, passText, unitText, WATCH_UNIT } from '../../../src/healing/install/unit-text.js';
import { execWord, unitWord } from '../../../src/healing/install/unit-word.js';
import { ROOT } from '../../support/cli.js';
import { tempDir } from '../../support/temp-dir.js';

const CONFIGS = {
  nothing: '',
  'a host that is looked at': 'checks: { web: { http: { url: "https://example.org/" } } }',
  'units, ports and files': `
checks:
  web: { http: { url: 'http://127.0.0.1:8080/health' }, heal: [unit] }
  disk: { disk: { path: /, used_below: 90% }, heal: [files] }
  db: { sqlite: { path: '/var/lib/my "app"/100%/app.db' } }
playbooks:
  unit: { steps: [{ restart: { unit: web } }, { kill_port_holder: { port: 8080, only: [/usr/bin/python3] } }] }
  files:
    steps:
      - free_space: { roots: [/var/log/app], globs: ['*.gz'] }
      - restore_file: { path: /etc/app/app.yaml, from: /var/backups/app.yaml }`,
  'ports alone': 'checks: { port: { port_free: { port: 8080 } } }',
  programs: 'checks: { plugin: { command: { run: [/usr/lib/nagios/plugins/check_load] } } }',
  services: 'playbooks: { p: { steps: [{ restart: { start: [/usr/bin/sleep, "9"], pidfile: /run/s.pid } }] } }',
} as const;

async function installation(config: keyof typeof CONFIGS, change: Partial<Installation> = {}): Promise<Installation> {
  const read = await readConfig(`version: 1\n${CONFIGS[config]}`, 'grace.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return {
    node: process.execPath,
    program: join(ROOT, 'bin/grace.js'),
    config: '/etc/grace/grace.yaml',
    config_version: read.version,
    logs: '/var/lib/grace',
    metrics: undefined,
    account: { name: 'root', uid: 0, home: '/root' },
    state: '/root/.local/state',
    key: undefined,
    needs: needsOf(read.config),
    ...change,
  };
}

const NAMES = Object.keys(CONFIGS) as (keyof typeof CONFIGS)[];
const settings = (text: string, name: string) =>
  text.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));

describe('a word of a setting', () => {
  test.each([
    ['/var/lib/grace', '/var/lib/grace', '/var/lib/grace'],
    ['/a b', '"/a b"', '"/a b"'],
    ['/100%', '/100%%', '/100%%'],
    ['/$HOME', '"/$HOME"', '"/$$HOME"'],
    ['/"\\', '"/\\"\\\\"', '"/\\"\\\\"'],
    ["/it's;#", '"/it\'s;#"', '"/it\'s;#"'],
    ['/bär', '"/bär"', '"/bär"'],
    ['', '""', '""'],
  ])('%s', (word, unit, exec) => {
    expect(unitWord(word)).toBe(unit);
    expect(execWord(word)).toBe(exec);
  });
});

describe('the unit of the watch', () => {
  test('starts the program for the configuration, as its account', async () => {
    const root = unitText(await installation('nothing', { metrics: '/srv/prom/grace.prom' }));
    expect(settings(root, 'ExecStart')).toEqual([
      `${process.execPath} ${join(ROOT, 'bin/grace.js')} heal watch --config /etc/grace/grace.yaml --logs /var/lib/grace --metrics /srv/prom/grace.prom`,
    ]);
    expect(settings(root, 'Environment')).toEqual(['HOME=/root']);
    expect(settings(root, 'StateDirectory')).toEqual(['grace']);
    expect(settings(root, 'ReadWritePaths')).toEqual(['/root/.local/state/grace', '/srv/prom']);
    expect([settings(root, 'User'), settings(root, 'CapabilityBoundingSet')]).toEqual([[], ['']]);

    const account = { name: 'app', uid: 1000, home: '/home/app' };
    const other = unitText(
      await installation('units, ports and files', {
        account,
        logs: '/srv/logs',
        state: '/srv/state',
        key: '/srv/k/a.key',
      }),
    );
    expect(settings(other, 'User')).toEqual(['app']);
    expect(settings(other, 'Environment')).toEqual([
      'HOME=/home/app',
      'XDG_STATE_HOME=/srv/state',
      'GRACE_KEY=/srv/k/a.key',
    ]);
    expect(settings(other, 'StateDirectory')).toEqual([]);
    expect(settings(other, 'ReadWritePaths').slice(0, 2)).toEqual(['/srv/logs', '/srv/k']);
    expect(settings(other, 'AmbientCapabilities')).toEqual(settings(other, 'CapabilityBoundingSet'));
  });

  test('leaves what remedies have started alone, and never gives up', async () => {
    const text = unitText(await installation('services'));
    expect(settings(text, 'KillMode')).toEqual(['process']);
    expect(settings(text, 'OOMPolicy')).toEqual(['continue']);
    expect(settings(text, 'Restart')).toEqual(['always']);
    expect(settings(text, 'StartLimitIntervalSec')).toEqual(['0']);
    expect(settings(text, 'NotifyAccess')).toEqual(['all']);
  });

  test('may write where remedies do, and do to others what remedies do', async () => {
    const text = unitText(await installation('units, ports and files'));
    expect(settings(text, 'ReadWritePaths')).toEqual([
      '/root/.local/state/grace',
      '"-/var/lib/my \\"app\\"/100%%"',
      '-/var/log/app',
      '-/etc/app',
    ]);
    expect(settings(text, 'CapabilityBoundingSet')).toEqual([
      'CAP_KILL CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER',
    ]);
    expect(text).toContain(
      "# CAP_KILL: other accounts' processes are ended or signalled (playbooks.unit.steps[1].kill_port_holder)",
    );
    expect(settings(text, 'IPAddressAllow')).toEqual(['localhost']);
    expect(settings(text, 'SystemCallFilter').at(-1)).toBe('@chown');
  });

  test('has as much of the network as is asked for', async () => {
    const of = async (config: keyof typeof CONFIGS) => {
      const text = unitText(await installation(config));
      return ['PrivateNetwork', 'RestrictAddressFamilies', 'IPAddressDeny'].map((name) => settings(text, name).join());
    };
    expect(await of('nothing')).toEqual(['yes', 'AF_UNIX', 'any']);
    expect(await of('ports alone')).toEqual(['', 'AF_UNIX', 'any']);
    expect(await of('units, ports and files')).toEqual(['', 'AF_UNIX AF_INET AF_INET6', 'any']);
    expect(await of('a host that is looked at')).toEqual(['', 'AF_UNIX AF_INET AF_INET6', '']);
  });

  test('sees temporary files where something of it lies among them', async () => {
    const of = async (change: Partial<Installation>) =>
      settings(
        unitText(await installation('nothing', { program: '/opt/grace/bin/grace.js', ...change })),
        'PrivateTmp',
      );
    expect(await of({})).toEqual(['yes']);
    expect(await of({ logs: '/tmp/logs' })).toEqual([]);
    expect(await of({ key: '/var/tmp/key' })).toEqual([]);
  });

  test.each(['programs', 'services'] as const)('takes nothing from %s that they may need', async (config) => {
    const text = unitText(await installation(config));
    for (const name of ['ProtectSystem', 'ProtectHome', 'PrivateTmp', 'NoNewPrivileges', 'UMask', 'PrivateMounts']) {
      expect(settings(text, name), name).toEqual([]);
      expect(text, name).toMatch(new RegExp(`^#.*\\b${name}=`, 'm'));
    }
  });
});

test('a pass is one command without a watch, and has the same sandbox', async () => {
  const here = await installation('units, ports and files', { metrics: '/srv/prom/grace.prom' });
  const text = passText(here);
  expect(settings(text, 'Type')).toEqual(['oneshot']);
  expect(settings(text, 'ExecStart')[0]).toMatch(/ heal run --config \S+ --logs \S+$/);
  expect(settings(text, 'KillMode')).toEqual(['process']);
  expect(settings(text, 'CapabilityBoundingSet')).toEqual(settings(unitText(here), 'CapabilityBoundingSet'));
  expect(timerText()).toContain(`\nUnit=${PASS_UNIT}\n`);
});

test('the line for cron is one that a shell and cron take for these very words', async () => {
  const logs = "/srv/it's 100%/$HOME";
  const line = cronLine(await installation('nothing', { node: '/bin/echo', logs }));
  expect(line).toMatch(/^\* \* \* \* \* \/bin\/echo /);
  expect(line.replaceAll('\\%', '')).not.toContain('%');
  // Cron takes the backslashes away and gives the rest to the shell.
  const command = line.slice('* * * * * '.length).replaceAll('\\%', '%');
  const { stdout } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
  expect(stdout).toBe(`${join(ROOT, 'bin/grace.js')} heal run --config /etc/grace/grace.yaml --logs ${logs}\n`);
});

const analyze = spawnSync('systemd-analyze', ['security', '--help'], { encoding: 'utf8' });

// In Debian's package systemd; --offline came with version 250.
describe.skipIf(analyze.error !== undefined || !analyze.stdout.includes('--offline'))('as systemd reads it', () => {
  async function written(config: keyof typeof CONFIGS, change: Partial<Installation> = {}) {
    const dir = join(tempDir(), 'units');
    mkdirSync(dir);
    const here = await installation(config, change);
    const texts = { [WATCH_UNIT]: unitText(here), [PASS_UNIT]: passText(here), [PASS_TIMER]: timerText() };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(dir, name), text);
    return {
      paths: Object.keys(texts).map((name) => join(dir, name)),
      watch: join(dir, WATCH_UNIT),
      text: unitText(here),
    };
  }

  test.each(NAMES)('nothing is wrong with the units for %s', async (config) => {
    const { paths } = await written(config);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  interface Assessed {
    readonly json_field: string;
    readonly name: string;
    readonly exposure: string | null;
  }

  test.each(NAMES)('what is open is said in the unit for %s', async (config) => {
    const { watch, text } = await written(config);
    const args = ['security', '--offline=true', '--json=short', '--no-pager', watch];
    const { stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    const open = (JSON.parse(stdout) as Assessed[]).filter(({ exposure }) => Number(exposure) > 0);
    const named = open.map(({ name }) => name.split('=')[0]?.replace(/^.*\//, '') ?? '');
    // The clock may be read, which ProtectClock says.
    const silent = named.filter((name) => name !== 'DeviceAllow' && !text.includes(`${name}=`));
    expect(silent).toEqual([]);
  });

  const score = async (config: keyof typeof CONFIGS, change: Partial<Installation> = {}) => {
    const { watch } = await written(config, change);
    const args = ['security', '--offline=true', '--no-pager', watch];
    const { stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    return Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  };

  test('is as closed as what is asked for lets it be', async () => {
    expect(await score('nothing')).toBeLessThanOrEqual(2);
    expect(await score('ports alone')).toBeLessThanOrEqual(2.2);
    expect(await score('a host that is looked at')).toBeLessThanOrEqual(2.2);
    expect(await score('units, ports and files')).toBeLessThanOrEqual(2.9);
    expect(await score('programs')).toBeLessThanOrEqual(6.2);
  });
});
