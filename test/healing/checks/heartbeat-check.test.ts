import { test } from 'vitest';
import { probeHeartbeat } from '../../../src/healing/checks/heartbeat-check.js';

const NOW = Date.UTC(2025, 0, 1);
const clock = { now: () => NOW, elapsed: () => 1000 };
const spec = { name: 'backup', within: 60 };
const probe = (boot_id: string, elapsed_s: number, at: number) =>
  probeHeartbeat(spec, { boot_id, elapsed_s, at }, clock, 'this boot');

test('what never reported is critical', ({ expect }) => {
  expect(probeHeartbeat(spec, undefined, clock, 'this boot')).toEqual({
    status: 'critical',
    summary: 'backup has never reported',
  });
});

test('within a boot the monotonic clock counts, whatever the date says', ({ expect }) => {
  expect(probe('this boot', 940, 0)).toEqual({
    status: 'ok',
    summary: 'backup last reported 60.0 s ago',
    perfdata: [{ label: 'age', value: 60, unit: 's', crit: '60', min: 0 }],
  });
  expect(probe('this boot', 939.9, NOW)).toMatchObject({
    status: 'critical',
    summary: 'backup last reported 60.1 s ago, at least every 60 s expected',
  });
});

test('across boots the date counts', ({ expect }) => {
  expect(probe('another boot', 999, NOW - 59_000).status).toBe('ok');
  expect(probe('another boot', 999, NOW - 61_000).status).toBe('critical');
});

test('it never reported in the future', ({ expect }) => {
  expect(probe('another boot', 0, NOW + 5000).perfdata?.[0]?.value).toBe(0);
  expect(probe('this boot', 2000, 0).perfdata?.[0]?.value).toBe(0);
});

test('the present boot is that of this host', ({ expect }) => {
  expect(probeHeartbeat(spec, { boot_id: 'this boot', elapsed_s: 999, at: 0 }, clock).status).toBe('critical');
});
