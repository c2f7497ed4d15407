import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/core/config/read-config.js';
import { type Needs, needsOf } from '../../../src/healing/install/needs.js';

async function needs(text: string): Promise<Partial<Needs>> {
  const read = await readConfig(`version: 1\n${text}`, 'grace.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return Object.fromEntries(Object.entries(needsOf(read.config)).filter(([, fields]) => fields.length > 0));
}

const step = (text: string) => needs(`playbooks: { p: { steps: [{ ${text} }] } }`);
const check = (text: string) => needs(`checks: { c: { ${text} } }`);

test('a configuration that asks for nothing needs nothing', async () => {
  expect(await needs('')).toEqual({});
  expect(await step('wait: 1s')).toEqual({});
  expect(await check('heartbeat: { name: x, within: 1m }')).toEqual({});
});

describe('a check', () => {
  const field = (kind: string) => [`checks.c.${kind}`];

  test.each([
    ['http: { url: "https://example.org/" }', { network: field('http') }],
    ['http: { url: "http://localhost/" }', { loopback: field('http') }],
    ['http: { url: "http://127.8.9.1:80/" }', { loopback: field('http') }],
    ['http: { url: "http://[::1]:80/" }', { loopback: field('http') }],
    ['http: { url: "http://127.0.0.1.example.org/" }', { network: field('http') }],
    ['http: { url: "http://localhost/", ca_file: /etc/ca.pem }', { loopback: field('http'), reads: field('http') }],
    ['tcp: { port: 5 }', { loopback: field('tcp') }],
    ['tcp: { port: 5, host: db1 }', { network: field('tcp') }],
    ['tls: { host: db1 }', { network: field('tls') }],
    ['tls: { file: /etc/a.pem }', { reads: field('tls') }],
    ['dns: { name: example.org }', { network: field('dns') }],
    ['port_free: { port: 5 }', { ports: field('port_free'), processes: field('port_free') }],
    ['process: { name: x }', { processes: field('process'), reads: field('process') }],
    ['systemd: { unit: x }', { manager: field('systemd') }],
    ['command: { run: [/usr/lib/check_x] }', { programs: field('command') }],
    ['disk: { path: /srv, used_below: 90% }', { reads: field('disk') }],
    ['memory: { available_above: 10% }', {}],
    ['file: { path: /etc/a }', { reads: field('file') }],
    ['file: { path: /tmp/a }', { reads: field('file'), temporary: field('file') }],
    ['file: { path: /tmpfile/a }', { reads: field('file') }],
    ['log: { path: /var/tmp/a, pattern: x }', { reads: field('log'), temporary: field('log') }],
    ['sqlite: { path: /srv/app/a.db }', { writes: field('sqlite'), directories: ['/srv/app'] }],
  ])('%s', async (text, wanted) => expect(await check(text)).toEqual(wanted));
});

describe('a step', () => {
  const field = (kind: string) => [`playbooks.p.steps[0].${kind}`];

  test.each([
    ['run: [/usr/local/bin/mend, /tmp/x]', { programs: field('run'), temporary: field('run') }],
    ['run: [/usr/bin/systemctl, restart, web]', { manager: field('run') }],
    [
      'kill_port_holder: { port: 5, only: [/usr/bin/x] }',
      {
        ...{ ports: field('kill_port_holder'), processes: field('kill_port_holder') },
        signals: field('kill_port_holder'),
      },
    ],
    ['restart: { unit: web }', { manager: field('restart') }],
    ['restart: { start: [/usr/bin/x] }', { services: field('restart') }],
    [
      'restart: { start: [/usr/bin/x], pidfile: /run/x/x.pid, output: /var/log/x/out }',
      {
        ...{ services: field('restart'), processes: field('restart'), signals: field('restart') },
        ...{ reads: field('restart'), writes: field('restart'), directories: ['/var/log/x', '/run/x'] },
      },
    ],
    ['signal: { unit: web, signal: HUP }', { manager: field('signal') }],
    [
      'signal: { executable: /usr/bin/x, signal: HUP }',
      { processes: field('signal'), signals: field('signal'), reads: field('signal') },
    ],
    [
      'free_space: { roots: [/var/a, /srv/b], globs: ["*"] }',
      { processes: field('free_space'), writes: field('free_space'), directories: ['/var/a', '/srv/b'] },
    ],
    [
      'free_space: { roots: [/tmp], globs: ["*"], how: compress }',
      {
        ...{ processes: field('free_space'), writes: field('free_space'), directories: ['/tmp'] },
        ...{ owners: field('free_space'), temporary: field('free_space') },
      },
    ],
    [
      'restore_file: { path: /etc/app/a.yaml, from: /var/backups/a.yaml }',
      {
        ...{ reads: field('restore_file'), owners: field('restore_file') },
        ...{ writes: field('restore_file'), directories: ['/etc/app'] },
      },
    ],
    [
      'restore_sqlite: { path: /srv/a.db, from: /var/backups/a.db, end_holders: [/usr/bin/x] }',
      {
        ...{ reads: field('restore_sqlite'), owners: field('restore_sqlite'), processes: field('restore_sqlite') },
        ...{ writes: field('restore_sqlite'), directories: ['/srv'], signals: field('restore_sqlite') },
      },
    ],
    [
      'http: { url: "https://example.org/", authorization_file: /etc/token }',
      { network: field('http'), reads: field('http') },
    ],
  ])('%s', async (text, wanted) => expect(await step(text)).toEqual(wanted));

  test('counts where it undoes something, too', async () => {
    const text = 'playbooks: { p: { steps: [{ wait: 1s }], rollback: [{ run: [/usr/bin/x] }] } }';
    expect(await needs(text)).toEqual({ programs: ['playbooks.p.rollback[0].run'] });
  });
});

test('who is told: a program, or somebody elsewhere by a secret', async () => {
  const text =
    'notify: [{ run: [/usr/bin/page] }, { webhook: { url: "https://example.org/", secret_file: /etc/secret } }]';
  expect(await needs(text)).toEqual({
    ...{ programs: ['notify[0].run'], network: ['notify[1].webhook'], reads: ['notify[1].webhook'] },
  });
});
