import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { NewIncident } from '../../src/core/records/incident.js';
import {
  becomesFree,
  besidesSeal,
  type CliRun,
  cliEnv,
  dropRegistry,
  dumpOf,
  expectSealedOnce,
  GRACE,
  grace,
  holdPort,
  isFree,
  isSentence,
  leftOver,
  RAW_CONTROL,
  readLogs,
  startGrace,
} from '../support/cli.js';
import { inParallel } from '../support/fault-run.js';
import { withoutTmpfs } from '../support/fault-tools.js';
import { tempDir } from '../support/temp-dir.js';

const NO_TMPFS = withoutTmpfs();
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const;

function lastSnapshots(dir: string): NewIncident[] {
  return [...new Map(readLogs(dir).incidents.map((incident) => [incident.incident_id, incident])).values()];
}

function actions(dir: string): string[] {
  return readLogs(dir).audit.map((entry) =>
    entry.action === 'incident_snapshot' ? `snapshot:${entry.decision.status}` : entry.action,
  );
}

function portsOf(dir: string): number[] {
  return readLogs(dir)
    .audit.filter((entry) => entry.action === 'drill_started')
    .map((entry) => Number(entry.metadata.port));
}

/** The audit entries that vouch for an incident line say where it is and what its bytes are. */
function expectBound(dir: string): void {
  const bytes = readFileSync(join(dir, 'incidents.jsonl'));
  const bindings = readLogs(dir).audit.filter((entry) => entry.action === 'incident_snapshot');
  let end = 0;
  for (const { metadata } of bindings) {
    const [offset, length] = [Number(metadata.offset), Number(metadata.length)];
    expect(offset).toBe(end);
    end = offset + length + 1;
    expect(
      createHash('sha256')
        .update(bytes.subarray(offset, offset + length))
        .digest('hex'),
    ).toBe(metadata.sha256);
    expect(bytes[end - 1]).toBe(0x0a);
  }
  expect(end).toBe(bytes.length);
}

async function expectNothingLeft(run: CliRun, dir: string): Promise<void> {
  expect(await leftOver(run.pid)).toEqual([]);
  const ports = [...portsOf(dir), Number(/127\.0\.0\.1:(\d+)/.exec(run.stdout)?.[1] ?? 0)].filter((port) => port > 0);
  for (const port of ports) expect(await becomesFree(port), `port ${port}`).toBe(true);
}

/** Whatever became of a drill: claims and ends pair up, nothing is claimed twice, a resolved incident is verified. */
function expectConsistent(dir: string): void {
  const { audit } = readLogs(dir);
  const claims = audit.filter((entry) => entry.action === 'remedy_claimed');
  const ends = audit.filter((entry) => entry.action === 'remedy_ended');
  expect(new Set(claims.map((claim) => claim.resource)).size).toBe(claims.length);
  expect(new Set(ends.map((end) => end.metadata.claim)).size).toBe(ends.length);
  for (const end of ends) expect(claims.map((claim) => claim.entry_id)).toContain(end.metadata.claim);
  for (const claim of claims) {
    const intent = audit.findIndex((e) => e.action === 'incident_opened' && e.resource === claim.resource);
    expect(intent).toBeGreaterThanOrEqual(0);
    expect(intent).toBeLessThan(audit.indexOf(claim));
  }
  for (const incident of lastSnapshots(dir)) {
    expect(incident.origin).toBe('drill');
    expect(incident.verification.status === 'verified').toBe(incident.status === 'resolved');
    expect(incident.success).toBe(incident.status === 'resolved');
  }
}

async function rebuildEquals(logs: string): Promise<void> {
  expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(0);
  const before = dumpOf(logs);
  expect(before.incidents?.length).toBeGreaterThan(0);
  expect((await grace(['registry', 'rebuild', '--logs', logs])).code).toBe(0);
  expect(dumpOf(logs)).toEqual(before);
}

describe('grace trigger incident', () => {
  test('heals a real fault, verifies it, and writes it all down in order', async () => {
    const cwd = tempDir();
    const run = await grace(['trigger', 'incident'], { cwd });
    expectSealedOnce([run]);
    const lines = run.stdout.split('\n');
    expect(lines[0]).toMatch(/^DRILL: port-in-use: /);
    expect(lines.slice(1, -3).every((line) => /^ +\d+\.\d ms {2}\w+/.test(line))).toBe(true);
    expect(lines.slice(1, -3).map((line) => line.slice(12, 20).trim())).toEqual([
      'service',
      'fault',
      'probe',
      'probe',
      'confirm',
      'opened',
      'claim',
      'act',
      'act',
      'verify',
      'verify',
    ]);
    expect(lines.at(-3)).toMatch(/^HEALED: inc_/);
    expect(RAW_CONTROL.test(run.stdout)).toBe(false);

    const logs = join(cwd, 'logs');
    expect(actions(logs)).toEqual([
      'audit_log_adopted',
      'drill_started',
      'snapshot:remediating',
      'incident_opened',
      'remedy_claimed',
      'snapshot:resolved',
      'remedy_ended',
      'drill_ended',
    ]);
    expectBound(logs);
    expectConsistent(logs);
    const { incidents, audit } = readLogs(logs);
    expect(incidents.map((incident) => incident.status)).toEqual(['remediating', 'resolved']);
    const last = incidents[1];
    const claim = audit.find((entry) => entry.action === 'remedy_claimed');
    expect(last).toMatchObject({
      origin: 'drill',
      success: true,
      resolution: 'remediated',
      failure_mode: 'port_in_use',
      severity: 'high',
      check: 'port-in-use',
      verification: { status: 'verified', by: 'port-in-use', passes: 2 },
      actions_taken: ['kill_port_holder', 'start_service'],
      attempts: [{ outcome: 'worked', verified: true, claim: claim?.entry_id, playbook_id: 'free-port' }],
      trigger: { source: 'drill', ref: null },
    });
    expect(last?.mttr_seconds).toBeGreaterThan(0);
    const { confirm_s, decide_s, act_s, verify_s } = last?.timings ?? {};
    expect((confirm_s ?? 0) + (decide_s ?? 0) + (act_s ?? 0) + (verify_s ?? 0)).toBeCloseTo(
      last?.mttr_seconds ?? -1,
      4,
    );
    // Intent and claim were on the disk before the act began.
    expect(Date.parse(claim?.timestamp ?? '')).toBeLessThanOrEqual(Date.parse(last?.attempts[0]?.started_at ?? ''));
    await expectNothingLeft(run, logs);
    await rebuildEquals(logs);
  });

  test('--json is exactly the incident', async () => {
    const logs = join(tempDir(), 'l');
    const run = await grace(['trigger', 'incident', '--json', '--logs', logs]);
    expectSealedOnce([run]);
    expect(JSON.parse(run.stdout)).toEqual(readLogs(logs).incidents.at(-1));
  });

  test.each([
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [{ FORCE_COLOR: '0' }, false],
  ])('colour with %j: %s', async (env, coloured) => {
    const { stdout } = await grace(['trigger', 'drill'], { env });
    expect(RAW_CONTROL.test(stdout)).toBe(coloured);
  });

  test('a reader that goes away after one line is no error', async () => {
    const logs = join(tempDir(), 'l');
    const script = `"$0" "$1" trigger incident --logs "$2" | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, GRACE, logs], {
      encoding: 'utf8',
      env: cliEnv(),
    });
    expect(besidesSeal(stderr)).toBe('');
    expect(stdout).toMatch(/^DRILL: .*\n0\n$/);
    expect(lastSnapshots(logs)).toMatchObject([{ status: 'resolved' }]);
  });

  test('no stdout at all is no error', async () => {
    const logs = join(tempDir(), 'l');
    const script = `"$0" "$1" trigger incident --logs "$2" >&- 2>&-`;
    const run = spawnSync('bash', ['-c', script, process.execPath, GRACE, logs], { env: cliEnv() });
    expect(run.status).toBe(0);
    expect(lastSnapshots(logs)).toMatchObject([{ status: 'resolved' }]);
  });

  test('a stdout that cannot be written: the drill ends well, and the loss is told', async () => {
    const logs = join(tempDir(), 'l');
    const script = `"$0" "$1" trigger incident --logs "$2" > /dev/full`;
    const run = spawnSync('bash', ['-c', script, process.execPath, GRACE, logs], {
      encoding: 'utf8',
      env: cliEnv(),
    });
    expect(run.status).toBe(3);
    expect(isSentence(run.stderr)).toBe(true);
    expect(run.stderr).toContain('GRACE_OUTPUT_LOST');
    expect(lastSnapshots(logs)).toMatchObject([{ status: 'resolved' }]);
  });

  test('six at once in one directory', async () => {
    const logs = join(tempDir(), 'l');
    // One after the other, so that later ones look for what is abandoned while earlier ones have their claims.
    const runs = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, i * 60));
        return grace(['trigger', 'incident', '--logs', logs]);
      }),
    );
    expectSealedOnce(runs);
    const last = lastSnapshots(logs);
    expect(last.map((incident) => incident.status)).toEqual(runs.map(() => 'resolved'));
    expect(new Set(last.map((incident) => incident.target)).size).toBe(6);
    expectBound(logs);
    expectConsistent(logs);
    for (const run of runs) await expectNothingLeft(run, logs);
    await rebuildEquals(logs);
  });

  test('never takes over a real incident of the same target', async () => {
    const logs = join(tempDir(), 'l');
    const port = await freePort();
    const target = `http://127.0.0.1:${port}/health`;
    const report = ['trigger', 'incident', '--failure-mode', 'port_in_use', '--target', target, '--logs', logs];
    expect((await grace(report)).code).toBe(0);
    expect((await grace(['trigger', 'drill', 'port-in-use', '--port', `${port}`, '--logs', logs])).code).toBe(0);
    expect(lastSnapshots(logs)).toMatchObject([
      { origin: 'real', status: 'detected', verification: { status: 'unverified' } },
      { origin: 'drill', status: 'resolved', verification: { status: 'verified' } },
    ]);
  });
});

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
}

describe('interrupted', () => {
  test.each(Object.entries(SIGNAL_EXITS))('%s at any moment leaves nothing and says so', async (signal, exit) => {
    const seen = new Set<string>();
    const aims: (number | string)[] = [
      40,
      70,
      100,
      130,
      'DRILL',
      'service',
      'fault',
      'confirm',
      'claim',
      'act',
      'verify',
    ];
    if (signal === 'SIGINT') aims.push(55, 85, 115, 145, 160, 175, 190, 205, 220, 'probe', 'opened', 'HEALED');
    await inParallel(aims, 3, async (aim) => {
      const logs = join(tempDirOf(), 'l');
      const run = await hit(logs, signal as NodeJS.Signals, aim);
      expect(besidesSeal(run.stderr), `${aim}`).toBe('');
      await expectNothingLeft(run, logs);
      expectConsistent(logs);
      // Before the first line of ours the signal ends the runtime itself; after the cure there is nothing to interrupt.
      if (run.signal !== null) expect(run.signal).toBe(signal);
      else if (run.code === 0) expect(lastSnapshots(logs)).toMatchObject([{ status: 'resolved' }]);
      else expect(run.code).toBe(exit);
      if (run.signal === null && run.code !== 0) {
        // A claim that was granted has its end, an incident its last word: a clean stop leaves nothing to settle.
        const { audit } = readLogs(logs);
        const count = (action: string) => audit.filter((entry) => entry.action === action).length;
        expect(count('remedy_ended')).toBe(count('remedy_claimed'));
        expect(count('drill_ended')).toBe(count('drill_started'));
        expect(lastSnapshots(logs).every((incident) => incident.status === 'failed')).toBe(true);
      }
      seen.add(`${run.signal === null} ${run.code} ${lastSnapshots(logs)[0]?.status}`);
    });
    // The moments were not all the same one.
    expect(seen.size).toBeGreaterThan(1);
    expect([...seen].some((what) => what.startsWith(`true ${exit}`))).toBe(true);
  });

  test('kill -9 at any moment: the next run settles, and nothing is repeated', async () => {
    const aims = [60, 90, 120, 150, 180, 210, 'service', 'fault', 'opened', 'claim', 'claim', 'claim', 'act', 'verify'];
    let unknown = 0;
    await inParallel(aims, 3, async (aim) => {
      const logs = join(tempDirOf(), 'l');
      const run = await hit(logs, 'SIGKILL', aim);
      await expectNothingLeft(run, logs);
      if (!existsSync(join(logs, 'immutable_audit.jsonl'))) return;
      const before = readLogs(logs);
      const sync = await grace(['registry', 'sync', '--json', '--logs', logs]);
      expect(sync.code).toBe(0);
      const after = readLogs(logs);
      expectConsistent(logs);
      for (const incident of lastSnapshots(logs)) expect(['resolved', 'failed']).toContain(incident.status);
      const claims = after.audit.filter((entry) => entry.action === 'remedy_claimed');
      const ends = after.audit.filter((entry) => entry.action === 'remedy_ended');
      expect(ends.length).toBe(claims.length);
      const settled = ends.filter((end) => end.decision.outcome === 'unknown').length;
      unknown += settled;
      const open = claims.length - before.audit.filter((entry) => entry.action === 'remedy_ended').length;
      expect(JSON.parse(sync.stdout).settled.claims).toBe(open);
      // One that was stopped between the last record and its entry is not unknown: the record tells.
      const told = ends.slice(ends.length - open).filter((end) => end.decision.outcome !== 'unknown');
      if (told.length > 0) expect(lastSnapshots(logs)).toMatchObject([{ attempts: [told[0]?.decision] }]);
      if (settled > 0) {
        expect(lastSnapshots(logs)).toMatchObject([
          { status: 'failed', attempts: [{ outcome: 'unknown', verified: false }] },
        ]);
      }
      // Nothing but the settling was added, and nothing is left to settle.
      expect(after.audit.slice(0, before.audit.length)).toEqual(before.audit);
      expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(0);
      expect(readLogs(logs)).toEqual(after);
    });
    expect(unknown).toBeGreaterThan(0);
  });

  test('the drill after a kill -9 settles first, then does its own', async () => {
    const logs = join(tempDir(), 'l');
    await killedWithClaim(logs);
    const run = await grace(['trigger', 'incident', '--logs', logs]);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('settled   an earlier process had left 1 claims and 1 incidents open');
    expect(lastSnapshots(logs).map((incident) => incident.status)).toEqual(['failed', 'resolved']);
    expectConsistent(logs);
    await rebuildEquals(logs);
  });
});

/** Directories of runs that are many: removed when the test ends. */
function tempDirOf(): string {
  const dir = mkdtempSync(join(tmpdir(), 'grace-drill-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Sends a signal so many milliseconds after the start, or as soon as a line of stdout has the word. */
async function hit(logs: string, signal: NodeJS.Signals, aim: number | string): Promise<CliRun> {
  const running = startGrace(['trigger', 'incident', '--logs', logs]);
  const strike = () => running.child.kill(signal);
  if (typeof aim === 'number') setTimeout(strike, aim);
  else {
    let done = false;
    running.onLine((line) => {
      if (done || !(line.startsWith(aim) || line.slice(12).startsWith(aim))) return;
      done = true;
      strike();
    });
  }
  return running.ended;
}

async function killedWithClaim(logs: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    rmSync(logs, { recursive: true, force: true });
    await hit(logs, 'SIGKILL', 'claim');
    if (actions(logs).at(-1) === 'remedy_claimed') return;
  }
  throw new Error('the claim was always ended before the signal came');
}

describe('the registry is deleted or damaged in the middle', () => {
  test('at every step', async () => {
    const logs = join(tempDir(), 'l');
    const running = startGrace(['trigger', 'incident', '--logs', logs]);
    let steps = 0;
    running.onLine(() => {
      steps++;
      dropRegistry(logs);
    });
    const run = await running.ended;
    expectSealedOnce([run]);
    expect(steps).toBeGreaterThan(10);
    expect(actions(logs)).toHaveLength(8);
    expectBound(logs);
    expectConsistent(logs);
    expect(lastSnapshots(logs)).toMatchObject([{ status: 'resolved' }]);
    await rebuildEquals(logs);
  });

  test('all the time, by another process, with four drills', async () => {
    const logs = join(tempDir(), 'l');
    mkdirSync(logs, { mode: 0o750 });
    const loop = spawn('bash', ['-c', 'while :; do rm -f "$0"/registry.db*; sleep 0.002; done', logs], {
      stdio: 'ignore',
    });
    onTestFinished(() => void loop.kill('SIGKILL'));
    const runs = [
      ...(await Promise.all([1, 2].map(() => grace(['trigger', 'incident', '--logs', logs])))),
      ...(await Promise.all([1, 2].map(() => grace(['trigger', 'incident', '--logs', logs])))),
    ];
    loop.kill('SIGKILL');
    expectSealedOnce(runs);
    expect(lastSnapshots(logs)).toHaveLength(4);
    expect(actions(logs)).toHaveLength(29);
    expectBound(logs);
    expectConsistent(logs);
    await rebuildEquals(logs);
  });

  test.each([
    ['not a database', (db: string) => writeFileSync(db, 'x'.repeat(8192))],
    ['half of one', (db: string) => writeFileSync(db, readFileSync(db).subarray(0, 10_000))],
    ['empty', (db: string) => writeFileSync(db, '')],
  ])('damaged: %s', async (_name, damage) => {
    const logs = join(tempDir(), 'l');
    expect((await grace(['trigger', 'incident', '--logs', logs])).code).toBe(0);
    await grace(['registry', 'sync', '--logs', logs]);
    rmSync(join(logs, 'registry.db-wal'), { force: true });
    damage(join(logs, 'registry.db'));
    const run = await grace(['trigger', 'incident', '--logs', logs]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(lastSnapshots(logs).map((incident) => incident.status)).toEqual(['resolved', 'resolved']);
    expect(actions(logs)).toHaveLength(15);
    await rebuildEquals(logs);
  });
});

describe('grace trigger drill', () => {
  test('lists the drills', async () => {
    const text = await grace(['trigger', 'drill']);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^drill +failure mode +what happens\nport-in-use +port_in_use +/);
    const json = await grace(['trigger', 'drill', '--json']);
    const listed = JSON.parse(json.stdout) as { schema: string; drills: { id: string }[] };
    expect(listed.schema).toBe('grace.drills/1');
    expect(listed.drills[0]?.id).toBe('port-in-use');
    expect(listed.drills.length).toBeGreaterThan(20);
  });

  test.each(['port-in-use', 'disk-full', 'service-down'])(
    'shows what heals %s, as a grace.yaml that is right',
    async (id) => {
      const run = await grace(['trigger', 'drill', id, '--show', '--logs', join(tempDir(), 'none')]);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      const { readConfig } = await import('../../src/core/config/read-config.js');
      const read = await readConfig(run.stdout, 'grace.yaml');
      expect(read).toMatchObject({ ok: true });
      expect(read.ok && Object.values(read.config.playbooks).flatMap(({ steps }) => steps).length).toBeGreaterThan(0);
      await expectNothingLeft(run, join(tempDir(), 'none'));
    },
  );

  test('shows it as JSON, too, and says which drills there are when none is named', async () => {
    const run = await grace(['trigger', 'drill', 'port-in-use', '--show', '--json']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const shown = JSON.parse(run.stdout) as { config: object };
    expect(shown).toMatchObject({ schema: 'grace.drill_config/1', drill: 'port-in-use', failure_mode: 'port_in_use' });
    const { readConfig } = await import('../../src/core/config/read-config.js');
    expect(await readConfig(JSON.stringify(shown.config), 'grace.yaml')).toMatchObject({ ok: true });
    for (const more of [[], ['--json'], ['--port', '8080']]) {
      const none = await grace(['trigger', 'drill', '--show', ...more]);
      expect(none).toMatchObject({ code: 2, stdout: '' });
      expect(none.stderr).toMatch(/--show needs the drill.*\n.*drill port-in-use --show {3}# or .*service-down/);
    }
    expect(await grace(['trigger', 'drill', '--all', '--show'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('runs one by name, on the port it is given', async () => {
    const logs = join(tempDir(), 'l');
    const port = await freePort();
    const run = await grace(['trigger', 'drill', 'port-in-use', '--port', `${port}`, '--logs', logs]);
    expectSealedOnce([run]);
    expect(portsOf(logs)).toEqual([port]);
    await expectNothingLeft(run, logs);
  });

  test.each(['127.0.0.1', '0.0.0.0'])('a port that another process holds on %s is not ours', async (host) => {
    const logs = join(tempDir(), 'l');
    const { port, pid, alive } = await holdPort(host);
    const run = await grace(['trigger', 'drill', 'port-in-use', '--port', `${port}`, '--logs', logs]);
    expect(run.code).toBe(4);
    expect(isSentence(run.stderr)).toBe(true);
    expect(run.stderr).toContain(`process ${pid}`);
    expect(run.stderr).toContain('grace: hint: grace trigger drill port-in-use');
    expect(alive()).toBe(true);
    expect(await isFree(port)).toBe(false);
    expect(readLogs(logs).audit.filter((entry) => entry.action !== 'tail_ended')).toEqual([]);
    expect(await leftOver(run.pid)).toEqual([]);
  });

  test('another process with the same port on another address lives on', async () => {
    const logs = join(tempDir(), 'l');
    const { port, alive } = await holdPort('127.0.0.2');
    const run = await grace(['trigger', 'drill', 'port-in-use', '--port', `${port}`, '--logs', logs]);
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/NOT HEALED: .* may not be killed: it is not the process that this drill started/);
    expect(lastSnapshots(logs)).toMatchObject([{ status: 'failed', attempts: [{ outcome: 'failed' }] }]);
    expect(alive()).toBe(true);
    await expectNothingLeft(run, logs);
  });

  test.each([
    [['port-in-us'], 'grace trigger drill port-in-use'],
    [['port-in-use', '--port', '0'], '--port'],
    [['port-in-use', '--port', '65536'], '--port'],
    [['port-in-use', '--port', '80x'], '--port'],
  ])('%j is a usage error', async (args, hint) => {
    const cwd = tempDir();
    const run = await grace(['trigger', 'drill', ...args], { cwd });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(isSentence(run.stderr)).toBe(true);
    expect(run.stderr).toContain(`grace: hint: ${hint}`);
    expect(existsSync(join(cwd, 'logs'))).toBe(false);
  });
});

describe('logs that cannot be written', () => {
  async function refused(logs: string, code: number): Promise<CliRun> {
    const run = await grace(['trigger', 'incident', '--logs', logs]);
    expect(run.code).toBe(code);
    expect(isSentence(run.stderr)).toBe(true);
    expect(run.stderr).toMatch(/^grace: hint: /m);
    expect(await leftOver(run.pid)).toEqual([]);
    return run;
  }

  test('read-only', async () => {
    const logs = tempDir();
    chmodSync(logs, 0o550);
    expect((await refused(logs, 4)).stderr).toContain(`chmod u+w ${logs}`);
  });

  test.skipIf(process.getuid?.() !== 0)('of another account', async () => {
    const logs = tempDir();
    chownSync(logs, 1234, 1234);
    expect((await refused(logs, 4)).stderr).toMatch(/hint: sudo -u '?#1234'? grace trigger incident --logs /);
  });

  test('a file in the place of the directory', async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    await refused(file, 2);
    await refused(join(file, 'below'), 10);
  });

  test('a directory in the place of a log', async () => {
    const logs = tempDir();
    chmodSync(logs, 0o750);
    mkdirSync(join(logs, 'incidents.jsonl'));
    await refused(logs, 4);
  });

  describe.skipIf(NO_TMPFS !== undefined)('full', () => {
    async function onTmpfs(options: string, use: (dir: string) => Promise<void>): Promise<void> {
      const dir = tempDirOf();
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `mode=750,${options}`, 'tmpfs', dir]).status).toBe(0);
      try {
        await use(dir);
      } finally {
        expect(spawnSync('umount', ['-l', dir]).status).toBe(0);
      }
    }

    // Two logs, two locks, the registry, and then each of the files that seal the log.
    test.each([1, 2, 3, 4, 8, 9, 10, 11, 12])('%i inodes', async (n) => {
      await onTmpfs(`nr_inodes=${n},size=1m`, async (dir) => {
        const run = await grace(['trigger', 'incident', '--logs', dir]);
        expect([3, 4], run.stderr).toContain(run.code);
        expect(isSentence(run.stderr), run.stderr).toBe(true);
        expect(await leftOver(run.pid)).toEqual([]);
      });
    });

    test.each(['4k', '8k', '12k', '16k', '20k', '24k'])('no room for all of it in %s', async (size) => {
      await onTmpfs(`size=${size}`, async (dir) => {
        const run = await refused(dir, 3);
        expect(run.stderr).toContain('no space is left on the device');
        expect(run.stdout).not.toContain('HEALED');
        expect(run.stderr).toContain('[GRACE_WRITE_FAILED]');
        // Once there is room again, the log is sealed as if nothing had been.
        expect(spawnSync('mount', ['-o', 'remount,size=2m', dir]).status).toBe(0);
        expect((await grace(['trigger', 'incident', '--logs', dir])).code).toBe(0);
        expect(actions(dir).filter((action) => action === 'audit_log_adopted')).toHaveLength(1);
        expect(readdirSync(join(dir, 'immutable_audit.tlog')).filter((name) => name.endsWith('.new'))).toEqual([]);
      });
    });
  });
});

describe('the terminal goes away', () => {
  test.each(['probe', 'claim', 'act'])('at "%s": the drill is ended properly and written down', async (word) => {
    const logs = join(tempDir(), 'l');
    const command = [process.execPath, GRACE, 'trigger', 'incident', '--logs', logs];
    const run = spawnSync('python3', [HANG_UP, word, ...command], { env: cliEnv() });
    expect(run.status).toBe(0);
    expect(actions(logs).at(-1)).toBe('drill_ended');
    // Before the failure is confirmed there is nothing to record.
    expect(lastSnapshots(logs)[0]?.status ?? 'failed').toMatch(/^(failed|resolved)$/);
    expectConsistent(logs);
  });
});

const HANG_UP = join(import.meta.dirname, '../support/hang-up.py');
