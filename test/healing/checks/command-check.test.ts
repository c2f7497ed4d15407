import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { pluginOutput, probeCommand } from '../../../src/healing/checks/command-check.js';
import { markedProcesses } from '../../../src/healing/child/marked-processes.js';
import { tempDir } from '../../support/temp-dir.js';

function plugin(text: string, timeout = 10, args: readonly string[] = [], env: Record<string, string> = {}) {
  const path = join(tempDir(), 'check_it');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return probeCommand({ run: [path, ...args], env, timeout }, `check:test-${process.pid}`, systemClock);
}

test.for([
  [0, 'ok'],
  [1, 'warning'],
  [2, 'critical'],
  [3, 'unknown'],
] as const)('exit code %i is %s', async ([code, status], { expect }) => {
  expect(await plugin(`echo "LOAD - it is so | load=1.5;2;3;0"; exit ${code}`)).toEqual({
    status,
    summary: 'LOAD - it is so',
    perfdata: [{ label: 'load', value: 1.5, unit: '', warn: '2', crit: '3', min: 0 }],
  });
});

test('any other end is unknown, and says which', async ({ expect }) => {
  expect(await plugin('echo bad arguments >&2; exit 127')).toEqual({
    status: 'unknown',
    summary: 'the plugin ended with exit code 127, which means nothing: bad arguments',
  });
  expect(await plugin('exit 4')).toEqual({
    status: 'unknown',
    summary: 'the plugin ended with exit code 4, which means nothing',
  });
  expect(await plugin('echo OK; kill -KILL $$')).toEqual({
    status: 'unknown',
    summary: 'the plugin was ended by SIGKILL',
  });
  expect(await plugin('echo OK; sleep 20', 0.1)).toEqual({
    status: 'unknown',
    summary: 'the plugin gave no result within 0.1 s and was ended',
  });
  expect(markedProcesses(`check:test-${process.pid}`)).toEqual([]);
  const missing = { run: ['/nowhere/check_it'], env: {}, timeout: 1 };
  expect(await probeCommand(missing, 'check:x', systemClock)).toEqual({
    status: 'unknown',
    summary: 'the check cannot run: there is no program /nowhere/check_it',
  });
});

test('a plugin that says nothing still has a status', async ({ expect }) => {
  expect(await plugin('exit 2')).toEqual({ status: 'critical', summary: 'the plugin said nothing, with exit code 2' });
  expect(await plugin('echo "cannot open it" >&2; exit 2')).toMatchObject({ summary: 'cannot open it' });
});

test('arguments and environment reach it', async ({ expect }) => {
  const finding = await plugin('echo "$1 $LIMIT"', 10, ['$(id)'], { LIMIT: '9' });
  expect(finding).toEqual({ status: 'ok', summary: '$(id) 9' });
});

test('the summary is bounded and holds no half characters', async ({ expect }) => {
  const { summary } = await plugin(`printf 'x%.0s' $(seq 498); printf '\\360\\237\\230\\200\\360\\237\\230\\200'`);
  expect(summary).toBe(`${'x'.repeat(498)}…`);
  expect((await plugin('head -c 3000000 /dev/zero | tr "\\0" y')).summary).toHaveLength(500);
});

test('a figure that was cut off with the output is not read', async ({ expect }) => {
  const finding = await plugin(`printf 'OK | a=1 '; head -c 65522 /dev/zero | tr '\\0' ' '; printf 'b=123456789'`);
  expect(finding.perfdata).toEqual([{ label: 'a', value: 1, unit: '' }]);
});

test('further lines and their performance data are taken apart as the guidelines say', ({ expect }) => {
  const text = [
    'DISK OK - free space: / 3326 MB | /=2643',
    '/ 15272 MB (77%);',
    '/boot 68 MB (69%); | /boot=68',
    '/home=69357',
    "'/var log'=818",
  ].join('\n');
  const { summary, perfdata } = pluginOutput(text);
  expect(summary).toBe('DISK OK - free space: / 3326 MB');
  expect(perfdata.map(({ label, value }) => [label, value])).toEqual([
    ['/', 2643],
    ['/boot', 68],
    ['/home', 69357],
    ['/var log', 818],
  ]);
  expect(pluginOutput('OK\r\nmore')).toEqual({ summary: 'OK', perfdata: [] });
  expect(pluginOutput('')).toEqual({ summary: '', perfdata: [] });
});
