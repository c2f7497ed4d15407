import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { probeMemory } from '../../../src/healing/checks/memory-check.js';
import { tempDir } from '../../support/temp-dir.js';

const GIB = 2 ** 30;

/** A /proc of 16 GiB with 4 available, 8 GiB of swap with 2 used; tasks waited. */
function proc(): string {
  const dir = tempDir();
  const kib = (gib: number) => `${gib * 2 ** 20} kB`;
  const lines = {
    MemTotal: kib(16),
    MemFree: kib(1),
    MemAvailable: kib(4),
    SwapTotal: kib(8),
    SwapFree: kib(6),
  };
  writeFileSync(
    join(dir, 'meminfo'),
    Object.entries(lines)
      .map(([name, value]) => `${`${name}:`.padEnd(16)}${value}\n`)
      .join(''),
  );
  mkdirSync(join(dir, 'pressure'));
  writeFileSync(join(dir, 'pressure/memory'), pressure(12.5, 3));
  return dir;
}

function pressure(some: number, full: number): string {
  return `some avg10=${some.toFixed(2)} avg60=0.00 avg300=0.00 total=5\nfull avg10=${full.toFixed(2)} avg60=0.00 avg300=0.00 total=5\n`;
}

function cgroup(files: Record<string, string>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, `memory.${name}`), `${text}\n`);
  return dir;
}

test('the host as it is', ({ expect }) => {
  const [, line = ''] = execFileSync('free', ['-b'], { encoding: 'utf8' }).split('\n');
  const [total = 0, , , , , available = 0] = line.split(/\s+/).slice(1).map(Number);
  const { status, perfdata } = probeMemory({ available_above: 1 });
  // Never are all of 100 % available.
  expect(status).toBe('critical');
  expect(perfdata?.[0]).toMatchObject({ label: 'available', max: total });
  expect(Math.abs((perfdata?.[0]?.value ?? 0) - available)).toBeLessThan(total / 5);
  expect(probeMemory({ available_above: 1024 }).status).toBe('ok');
});

test.skipIf(!existsSync('/proc/pressure/memory'))(
  'the pressure on the host (needs a kernel that tells)',
  ({ expect }) => {
    expect(probeMemory({ pressure_some_below: 1, pressure_full_below: 1 }).perfdata?.map(({ label }) => label)).toEqual(
      ['available', 'swap_used', 'pressure_some', 'pressure_full'],
    );
  },
);

test.for([
  [{}, 'ok', '4.0 GiB of 16.0 GiB available'],
  [{ available_above: 0.24 }, 'ok', '4.0 GiB of 16.0 GiB available'],
  [{ available_above: 0.25 }, 'critical', '25.0% available, more than 25.0% expected'],
  [{ available_above: 3 * GIB }, 'ok', '4.0 GiB of 16.0 GiB available'],
  [{ available_above: 4 * GIB }, 'critical', '4.0 GiB available, more than 4.0 GiB expected'],
  [{ swap_used_below: 0.26 }, 'ok', '4.0 GiB of 16.0 GiB available'],
  [{ swap_used_below: 0.25 }, 'critical', '25.0% of the swap used, less than 25.0% expected'],
  [{ pressure_some_below: 0.13, pressure_full_below: 0.04 }, 'ok', '4.0 GiB of 16.0 GiB available'],
  [
    { pressure_some_below: 0.12, pressure_full_below: 0.03 },
    'critical',
    'some task waited for memory 12.5% of the time, less than 12.0% expected; all tasks waited for memory 3.0% of the time, less than 3.0% expected',
  ],
] as const)('%j is %s', ([spec, status, summary], { expect }) => {
  expect(probeMemory(spec, proc())).toMatchObject({ status, summary });
});

test('a control group has a limit of its own, and takes back what lies idle', ({ expect }) => {
  const group = cgroup({
    current: String(3 * GIB),
    max: String(4 * GIB),
    stat: `anon 1\ninactive_file ${GIB / 2}\nactive_file 5`,
    pressure: pressure(50, 20),
    'swap.current': String(GIB),
    'swap.max': String(2 * GIB),
  });
  expect(probeMemory({ cgroup: group }, proc()).summary).toBe('1.5 GiB of 4.0 GiB available');
  expect(probeMemory({ cgroup: group, available_above: 0.375 }, proc()).status).toBe('critical');
  expect(probeMemory({ cgroup: group, available_above: 0.37 }, proc()).status).toBe('ok');
  expect(probeMemory({ cgroup: group, swap_used_below: 0.5 }, proc()).status).toBe('critical');
  expect(probeMemory({ cgroup: group, pressure_full_below: 0.2 }, proc()).status).toBe('critical');
  expect(probeMemory({ cgroup: group, pressure_full_below: 0.21 }, proc()).status).toBe('ok');
});

test('a control group without a limit has what the host has', ({ expect }) => {
  const group = cgroup({ current: String(GIB), max: 'max' });
  expect(probeMemory({ cgroup: group }, proc()).summary).toBe('4.0 GiB of 16.0 GiB available');
  const over = cgroup({ current: String(2 * GIB), max: String(GIB) });
  expect(probeMemory({ cgroup: over }, proc()).summary).toBe('0 B of 1.0 GiB available');
});

test('what is not told is unknown', ({ expect }) => {
  const dir = proc();
  rmSync(join(dir, 'pressure'), { recursive: true });
  expect(probeMemory({}, dir).status).toBe('ok');
  expect(probeMemory({ pressure_some_below: 1 }, dir).status).toBe('unknown');
  writeFileSync(join(dir, 'meminfo'), 'MemTotal:  1 kB\n');
  expect(probeMemory({}, dir)).toEqual({
    status: 'unknown',
    summary: 'the check cannot run: the kernel does not tell SwapTotal',
  });
  expect(probeMemory({}, '/nowhere').status).toBe('unknown');
  expect(probeMemory({ cgroup: '/nowhere' }, proc()).status).toBe('unknown');
  expect(probeMemory({ cgroup: cgroup({ current: 'x', max: 'max' }) }, proc()).status).toBe('unknown');
  expect(probeMemory({ cgroup: cgroup({ current: '1', max: '' }) }, proc()).status).toBe('unknown');
});
