import { expect, test } from 'vitest';
import { healHost, WIDE, WIDE_POLICY } from '../support/heal-host.js';

/** Texts of a document that look like an instant, those of lines of a log as they stand there left out. */
function instants(value: unknown): string[] {
  if (typeof value === 'string') return /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => (name === 'task_metadata' ? [] : instants(one)));
}

test('every time in a --json is UTC, with milliseconds', async () => {
  const host = healHost();
  const check = { every: '100ms', confirm: '1 of 1', limits: WIDE };
  host.configure({
    ...{ version: 1, mode: 'observe', logs: 'logs', policy: WIDE_POLICY },
    checks: {
      up: { file: { path: host.path('up') }, ...check, heal: ['mend'] },
      odd: { command: { run: ['/bin/false', '--no'] }, ...check },
    },
    playbooks: { mend: { risk: 'low', steps: [{ run: ['/bin/true'] }] } },
  });
  await host.grace(['heal', 'run']);
  await host.grace(['heal', 'silence', 'up']);
  await host.grace(['heal', 'brake', 'on']);
  await host.grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--status', 'resolved']);
  const documents: [string, number][] = [
    ['heal status', 4],
    ['heal silence', 1],
    ['registry list', 4],
    ['evidence unified', 3],
    ['evidence self-healing --since 1d', 2],
  ];
  for (const [words, least] of documents) {
    const run = await host.grace([...words.split(' '), '--json', '--logs', host.logs]);
    const found = instants(JSON.parse(run.stdout));
    expect(found.length, words).toBeGreaterThanOrEqual(least);
    expect(
      found.filter((text) => !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)),
      words,
    ).toEqual([]);
  }
});
