import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { playbookSchema } from '../../../src/core/config/schema/playbook-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { describePlaybook, makePlaybook, playbookFaults } from '../../../src/healing/steps/make-playbook.js';
import { tempDir } from '../../support/temp-dir.js';
import { order } from './order.js';
import { endsWithTest } from './processes.js';

const parsed = (config: unknown) => playbookSchema.parse(config);
const made = (config: unknown, every_s = 5) =>
  makePlaybook('mend', parsed(config), { clock: systemClock, every_s, systemctl: '/nowhere' });

const EVERY_KIND = {
  name: 'Mend it',
  risk: 'low',
  params: { unit: 'unit' },
  steps: [
    { run: ['/usr/bin/systemctl', 'stop', '--', '{unit}'] },
    { kill_port_holder: { port: 8080, only: ['/usr/bin/node'] } },
    { restart: { unit: 'web' } },
    { restart: { start: ['/srv/web', "it's"], pidfile: '/run/web.pid' }, name: 'start-web' },
    { signal: { unit: 'web', signal: 'HUP' } },
    { free_space: { roots: ['/var/log'], globs: ['*.log'], keep: 2 } },
    { restore_file: { path: '/etc/web.yaml', from: '/var/backups/web.yaml' } },
    { restore_sqlite: { path: '/srv/web.db', from: '/var/backups/web.db' } },
    { http: { url: 'http://user:secret@127.0.0.1/reload?token=secret' } },
    { wait: '2s' },
  ],
  rollback: [{ run: ['/bin/true'], name: 'undo', timeout: '3s', repeatable: true }],
  verify: { passes: 3, within: '10s' },
  relapse: '5m',
};

describe('a playbook', () => {
  test('has all that its configuration says', () => {
    const { steps, rollback, ...rest } = made(EVERY_KIND);
    expect(rest).toEqual({
      id: 'mend',
      name: 'Mend it',
      risk: 'low',
      verify: { passes: 3, within_s: 10, every_s: 1 },
      relapse_s: 300,
      escalate: false,
      // It has a parameter: it may act on two things at once.
      alone: false,
    });
    expect(steps.map(({ name }) => name)).toEqual([
      ...['run', 'kill_port_holder', 'restart', 'start-web', 'signal', 'free_space', 'restore_file', 'restore_sqlite'],
      ...['http', 'wait'],
    ]);
    expect(steps.map(({ freesSpace }) => freesSpace === true).indexOf(true)).toBe(5);
    expect(rollback).toMatchObject([{ name: 'undo', timeout_s: 3, repeatable: true }]);
  });

  test('may say less', () => {
    expect(made({ steps: [{ wait: '1s' }] }, 0.2)).toMatchObject({
      name: 'mend',
      risk: 'medium',
      rollback: [],
      verify: { every_s: 0.2 },
    });
    expect(made({ steps: [{ wait: '1s' }], verify: { every: '3s' } }).verify.every_s).toBe(3);
  });

  test('says of every step how long it takes at most, and whether it may be repeated', () => {
    for (const repeatable of [false, true]) {
      const overridden = EVERY_KIND.steps.map((step) => ({ ...step, timeout: '7s', repeatable }));
      for (const step of made({ ...EVERY_KIND, steps: overridden }).steps) {
        // To wait a second time never does harm.
        expect(step).toMatchObject({ timeout_s: 7, repeatable: repeatable || step.name === 'wait' });
      }
    }
  });

  test('mends: each kind of step does what it is told', async () => {
    const dir = tempDir();
    const server = createServer((_, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    writeFileSync(join(dir, 'backup'), '{"good":true}');
    writeFileSync(join(dir, 'config'), '{');
    writeFileSync(join(dir, 'service'), '#!/bin/sh\nexec /usr/bin/sleep 60\n', { mode: 0o755 });
    writeFileSync(join(dir, 'old.log'), 'x');
    const { steps } = made({
      params: { file: { type: 'path', under: [dir] } },
      steps: [
        { run: ['/usr/bin/touch', '{file}'] },
        { restore_file: { path: join(dir, 'config'), from: join(dir, 'backup'), parses_as: 'json' } },
        { free_space: { roots: [dir], globs: ['*.log'], older_than: '0s' } },
        { restart: { start: [join(dir, 'service')], pidfile: join(dir, 'pid') } },
        { wait: '1ms' },
        { http: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` } },
      ],
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const step of steps) {
      const result = await step.run(order({ facts: { file: join(dir, 'touched') } }));
      expect([step.name, result]).toMatchObject([step.name, { outcome: 'worked' }]);
    }
    endsWithTest(Number(readFileSync(join(dir, 'pid'), 'utf8')));
    expect(readFileSync(join(dir, 'config'), 'utf8')).toBe('{"good":true}');
    expect([existsSync(join(dir, 'touched')), existsSync(join(dir, 'old.log'))]).toEqual([true, false]);
  });
});

describe('faults', () => {
  test('there are none in what is right', () => {
    expect(playbookFaults(parsed(EVERY_KIND))).toEqual([]);
  });

  test.each<[unknown, unknown[], RegExp]>([
    [{ run: ['/bin/x', '{port}'] }, ['run'], /there is no parameter port/],
    [{ run: ['/opt/{unit}/x'] }, ['run'], /the program itself may not come from data/],
    [{ run: ['/bin/x', '--unit={unit}'] }, ['run'], /one whole argument/],
    [{ run: ['/bin/sh', '-c', '{unit}'] }, ['run'], /runs what its arguments say/],
    [{ run: ['/bin/x'], env: { LD_PRELOAD: '/x' } }, ['env', 'LD_PRELOAD'], /never passed on/],
    [{ wait: '1s', env: { A: 'x' } }, ['env'], /for run alone/],
    [{ wait: '5s', timeout: '1s' }, ['timeout'], /shorter than the wait/],
    [{ restart: { start: ['/srv/web'] } }, ['restart'], /needs a pidfile/],
    [{ restart: { start: ['/web'], pidfile: '/x', env: { IFS: 'x' } } }, ['restart', 'env', 'IFS'], /never passed on/],
    [{ restart: { start: ['/web'], pidfile: '/x', user: true } }, ['restart', 'user'], /for a unit/],
    [{ restart: { unit: 'web', pidfile: '/run/x' } }, ['restart', 'pidfile'], /not for a unit/],
    [{ free_space: { roots: ['/tmp', '/etc'], globs: ['*'] } }, ['free_space', 'roots', 1], /belongs to the system/],
    [{ free_space: { roots: ['/tmp'], globs: ['*', '../*'] } }, ['free_space', 'globs', 1], /\.\./],
  ])('%j', (step, path, message) => {
    const params = { unit: 'unit' };
    const steps = [{ wait: '1s' }, step];
    expect(playbookFaults(parsed({ params, steps }))).toEqual([
      { path: ['steps', 1, ...path], message: expect.stringMatching(message) },
    ]);
    expect(playbookFaults(parsed({ params, steps: [{ wait: '1s' }], rollback: [step] }))).toMatchObject([
      { path: ['rollback', 0, ...path] },
    ]);
  });

  test('a path that may lie anywhere', () => {
    const params = { file: { type: 'path', under: ['/srv', '/'] } };
    expect(playbookFaults(parsed({ params, steps: [{ wait: '1s' }] }))).toEqual([
      { path: ['params', 'file', 'under', 1], message: 'everything lies below it' },
    ]);
  });

  test('a parameter that is always there is not declared', () => {
    expect(playbookFaults(parsed({ params: { check: 'path' }, steps: [{ wait: '1s' }] }))).toEqual([
      { path: ['params', 'check'], message: 'check is always there, as a word, and is not declared' },
    ]);
  });
});

test('described: what each step does and destroys, and no secret', () => {
  const described = describePlaybook('mend', parsed(EVERY_KIND));
  expect(described).toMatchObject({ id: 'mend', name: 'Mend it', risk: 'low', relapse_s: 300, escalate: false });
  expect(described.verify).toEqual({ passes: 3, within_s: 10 });
  expect(described.steps.map(({ does }) => does)).toEqual([
    "runs /usr/bin/systemctl stop -- '{unit}'",
    'ends who listens on port 8080, if it runs /usr/bin/node: SIGTERM, after 5 s SIGKILL',
    'restarts the unit web',
    `ends the process of /run/web.pid (SIGTERM, after 10 s SIGKILL) and starts /srv/web 'it'\\''s'`,
    'sends SIGHUP to the main process of web',
    "deletes '*.log' below /var/log older than 86400 s, except the newest 2 of each directory",
    'puts /var/backups/web.yaml in the place of /etc/web.yaml',
    'restores the database /srv/web.db from /var/backups/web.db',
    'sends POST to http://127.0.0.1/reload',
    'waits 2 s',
  ]);
  expect(described.rollback).toEqual([
    {
      name: 'undo',
      kind: 'run',
      does: 'runs /bin/true',
      destroys: expect.any(String),
      timeout_s: 3,
      repeatable: true,
    },
  ]);
  for (const step of described.steps) expect(step.timeout_s).toBeGreaterThan(0);
  expect(JSON.stringify(described)).not.toContain('secret');
});
