import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, processContext } from '../../src/cli/context.js';
import { writeTextfile } from '../../src/cli/metrics-textfile.js';
import { type MetricsOptions, runRegistryMetrics } from '../../src/cli/registry-metrics.js';
import { isWatched, WATCH_LOCK_FILE } from '../../src/cli/watch-lock.js';
import { ProcessLock } from '../../src/core/journal/lock.js';
import { ROOT } from '../support/cli.js';
import { newIncident, writeBound } from '../support/records.js';
import { openLedger, registryOptions } from '../support/registry.js';
import { tempDir } from '../support/temp-dir.js';
import { fakeOut } from './output/fake-out.js';

const HEALED = newIncident({
  ...{ incident_id: 'a', status: 'resolved', success: true, mttr_seconds: 2.5, resolution: 'remediated' },
  verification: { status: 'verified', by: 'web', passes: 2, at: '2026-11-23T00:20:00Z' },
});

const PROCESS = processContext(ROOT);

function context(cwd: string) {
  const [out, err] = [fakeOut(), fakeOut()];
  return { ctx: { ...PROCESS, cwd, env: {}, out, err } as Context, out, err };
}

function logsWith(...incidents: object[]): string {
  const dir = join(tempDir(), 'logs');
  mkdirSync(dir);
  writeBound(dir, incidents);
  return dir;
}

async function run(dir: string, options: MetricsOptions = {}) {
  const { ctx, out, err } = context(join(dir, '..'));
  const code = await runRegistryMetrics(ctx, { logs: dir, ...options });
  return { code, stdout: out.text, stderr: err.text };
}

describe('registry metrics', () => {
  it('prints OpenMetrics', async () => {
    const { code, stdout, stderr } = await run(logsWith(HEALED));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('grace_time_to_recover_seconds_bucket{failure_mode="port_in_use",le="2.5"} 1\n');
    expect(stdout).toContain('grace_watch_running 0\n');
    expect(stdout).toMatch(/# EOF\n$/);
    // The only entry's time: nothing else was done here.
    expect(stdout).toContain(`grace_last_tick_timestamp_seconds ${Date.parse('2026-11-23T00:18:47.123Z') / 1000}\n`);
  });

  it('says the same as JSON', async () => {
    const { stdout } = await run(logsWith(HEALED), { json: true });
    const { schema, metrics } = JSON.parse(stdout);
    expect(schema).toBe('grace.metrics/1');
    expect(metrics[0]).toEqual({
      ...{ name: 'grace_incidents', type: 'counter', unit: null, help: expect.any(String) },
      samples: [
        {
          name: 'grace_incidents_total',
          labels: { origin: 'real', failure_mode: 'port_in_use', severity: 'high' },
          value: 1,
        },
      ],
    });
  });

  it('writes a file for the textfile collector, and prints nothing', async () => {
    const dir = logsWith(HEALED);
    const file = join(dir, '../grace.prom');
    expect(await run(dir, { textfile: 'grace.prom' })).toEqual({ code: 0, stdout: '', stderr: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# TYPE grace_incidents_total counter\n');
    expect(text).not.toContain('# EOF');
  });

  it('takes what was seen last for the last tick', async () => {
    const dir = logsWith(HEALED);
    writeFileSync(join(dir, 'probes.db'), '');
    const seen = statSync(join(dir, 'probes.db')).mtimeMs / 1000;
    const { stdout } = await run(dir);
    expect(stdout).toContain(`grace_last_tick_timestamp_seconds ${Math.max(seen, 1_795_393_127.123)}\n`);
  });

  it('has no answer where there are no logs', async () => {
    await expect(run(join(tempDir(), 'none'))).rejects.toMatchObject({ code: 'GRACE_NO_LOGS', exit: 10 });
  });
});

describe('the lock of a watch', () => {
  it('tells that one runs', async () => {
    const dir = logsWith(HEALED);
    const { clock, jitter } = registryOptions();
    const lock = new ProcessLock(join(dir, WATCH_LOCK_FILE), { clock, jitter, timeout_s: 1 });
    expect(isWatched(dir)).toBe(false);
    await lock.hold(async () => {
      expect(isWatched(dir)).toBe(true);
      expect((await run(dir)).stdout).toContain('grace_watch_running 1\n');
    });
    lock.close();
    expect(isWatched(dir)).toBe(false);
  });
});

describe('the file that a watch keeps fresh', () => {
  function written(file: string, dir = logsWith(HEALED)) {
    const { ctx } = context(join(dir, '..'));
    const ledger = openLedger(dir);
    writeTextfile(ctx, { ledger }, file);
    return { again: () => writeTextfile(ctx, { ledger }, file), dir };
  }

  it('can be read by all, is new each time, and leaves nothing beside it', () => {
    const folder = tempDir();
    const file = join(folder, 'grace.prom');
    const umask = process.umask(0o077);
    try {
      const { again, dir } = written(file);
      expect(statSync(file).mode & 0o777).toBe(0o644);
      const { ino } = statSync(file);
      writeBound(dir, [newIncident({ incident_id: 'b' })]);
      again();
      expect(statSync(file).ino).not.toBe(ino);
    } finally {
      process.umask(umask);
    }
    expect(readdirSync(folder)).toEqual(['grace.prom']);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('grace_incidents_total{origin="real",failure_mode="port_in_use",severity="high"} 2\n');
    const tick = Number(/^grace_last_tick_timestamp_seconds (.+)$/m.exec(text)?.[1]);
    expect(Math.abs(tick - Date.now() / 1000)).toBeLessThan(10);
    // A watch that was killed could not take it back.
    expect(text).not.toContain('grace_watch_running 1');
  });

  it('replaces what a killed process has left aside', () => {
    const folder = tempDir();
    const other = join(folder, 'other');
    writeFileSync(other, 'precious');
    symlinkSync(other, join(folder, 'grace.prom.new'));
    written(join(folder, 'grace.prom'));
    expect(readFileSync(other, 'utf8')).toBe('precious');
    expect(readdirSync(folder).sort()).toEqual(['grace.prom', 'other']);
  });

  it.each([
    ['a directory', (path: string) => mkdirSync(path)],
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
    ['a link', (path: string) => symlinkSync('/nonexistent', path)],
  ])('is not written in the place of %s', (_what, make) => {
    const folder = tempDir();
    const file = join(folder, 'grace.prom');
    make(file);
    expect(() => written(file)).toThrow(expect.objectContaining({ code: 'GRACE_FILE_NOT_WRITTEN', exit: 3 }));
    expect(readdirSync(folder)).toEqual(['grace.prom']);
  });

  it('is not written where there is no directory', () => {
    const file = join(tempDir(), 'none/grace.prom');
    expect(() => written(file)).toThrow('its directory does not exist');
  });

  it('leaves nothing behind on a full disk', ({ skip }) => {
    const folder = mkdtempSync(join(tempDir(), 'small-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder]).status !== 0)
      skip('it takes root to mount');
    try {
      const many = ['disk_full', 'api_timeout', 'dns_failure'].map((failure_mode) => ({
        ...HEALED,
        ...{ incident_id: failure_mode, failure_mode },
      }));
      expect(() => written(join(folder, 'grace.prom'), logsWith(...many))).toThrow('no space is left on the device');
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      spawnSync('umount', [folder]);
    }
  });
});

// promtool is in Debian's package prometheus.
it.skipIf(spawnSync('promtool', ['--version']).error !== undefined)('promtool has nothing to say', async () => {
  const dir = logsWith(HEALED, newIncident({ incident_id: 'b', failure_mode: 'a "b"\n\\' }));
  await run(dir, { textfile: 'grace.prom' });
  const input = readFileSync(join(dir, '../grace.prom'), 'utf8');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});
