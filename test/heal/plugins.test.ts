import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, type HealHost, healHost, WIDE, WIDE_POLICY } from '../support/heal-host.js';

const PLUGINS = '/usr/lib/nagios/plugins';
const NAMES = ['check_http', 'check_tcp', 'check_disk', 'check_procs'] as const;
const without = NAMES.filter((name) => !existsSync(join(PLUGINS, name)));
if (without.length > 0)
  console.log(`SKIPPED for want of ${without.join(', ')}: apt-get install monitoring-plugins-basic`);

const plugin = (name: (typeof NAMES)[number], ...args: string[]) => ({
  command: { run: [join(PLUGINS, name), ...args] },
});

async function listening(): Promise<{ port: number; server: Server }> {
  const server = createServer((_, answer) => answer.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as { port: number }).port, server };
}

function configure(host: HealHost, port: number, heal: string[] = []): void {
  const check = (name: (typeof NAMES)[number], ...args: string[]) => ({
    ...plugin(name, ...args),
    ...{ every: '100ms', confirm: '1 of 1', limits: WIDE },
  });
  const start = [
    process.execPath,
    '-e',
    `require("node:http").createServer((_, a) => a.end()).listen(${port}, "127.0.0.1")`,
  ];
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY },
    checks: {
      web: { ...check('check_http', '-I', '127.0.0.1', '-p', String(port), '-t', '3'), heal },
      port: check('check_tcp', '-H', '127.0.0.1', '-p', String(port), '-t', '3'),
      disk: check('check_disk', '-w', '1%', '-c', '1%', '-p', '/'),
      procs: check('check_procs', '-c', '1:'),
    },
    playbooks: {
      start: {
        risk: 'low',
        steps: [{ restart: { start, pidfile: host.path('web.pid'), env: { GRACE_TEST_HOST: host.dir } } }],
        verify: { passes: 2, within: '10s', every: '50ms' },
      },
    },
  });
}

describe.skipIf(without.length > 0)('real monitoring plugins as checks', () => {
  it('all pass: their figures are shown, and kept', async () => {
    const host = healHost();
    const { port } = await listening();
    configure(host, port);
    const text = await host.grace(['heal', 'check']);
    expect(text, text.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('OK - 4 of 4 checks pass | ') });
    for (const label of ["'web/time'=", "'web/size'=", "'port/time'=", "'disk//'=", "'procs/procs'="]) {
      expect(text.stdout).toContain(label);
    }
    const json = JSON.parse((await host.grace(['heal', 'check', '--json'])).stdout);
    const web = json.checks.find(({ check }: { check: string }) => check === 'web');
    expect(web).toMatchObject({
      status: 'ok',
      perfdata: [
        { label: 'time', unit: 's' },
        { label: 'size', unit: 'B' },
      ],
    });

    expect(await host.grace(['heal', 'run'])).toMatchObject({ code: 0, stdout: '' });
    const db = new Database(join(host.logs, 'probes.db'), { readonly: true });
    const kept = db.prepare('SELECT name, status, perfdata FROM probes ORDER BY name').all() as {
      name: string;
      status: string;
      perfdata: string;
    }[];
    db.close();
    expect(kept.map(({ name, status }) => [name, status])).toEqual(
      ['disk', 'port', 'procs', 'web'].map((name) => [name, 'ok']),
    );
    for (const { name, perfdata } of kept) {
      const [first] = JSON.parse(perfdata);
      expect(first.value, name).toBeGreaterThanOrEqual(0);
    }
  });

  it('what check_http finds critical is healed, and check_http verifies it', async () => {
    const host = healHost();
    const port = await freePort();
    configure(host, port, ['start']);
    expect((await host.grace(['heal', 'check', 'web'])).code).toBe(2);
    const run = await host.grace(['heal', 'run', 'web']);
    expect(run, run.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('healed in') });
    expect(host.incidents()).toMatchObject([
      { check: 'web', status: 'resolved', verification: { status: 'verified', by: 'web', passes: 2 } },
    ]);
  });
});
