import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { type RunSpec, runStep } from '../../../src/healing/steps/run-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { order } from './order.js';

const step = (argv: readonly string[], more: Partial<RunSpec> = {}) =>
  runStep({ name: 'run', argv, params: {}, env: {}, ...more }, { clock: systemClock });

describe('what a program did', () => {
  test('exit 0 has worked, and what it printed is kept', async () => {
    const result = await step(['/bin/sh', '-c', 'echo out; echo err >&2']).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: 'exit 0', output: Buffer.from('out\nerr\n') });
  });

  test('any other exit has failed', async () => {
    expect(await step(['/bin/sh', '-c', 'exit 3']).run(order())).toEqual({ outcome: 'failed', exit: 'exit 3' });
  });

  test('a signal has failed', async () => {
    const result = await step(['/bin/sh', '-c', 'kill -9 $$']).run(order());
    expect(result).toEqual({ outcome: 'failed', exit: 'ended by SIGKILL' });
  });

  test('one that takes too long is ended', async () => {
    const result = await step(['/usr/bin/sleep', '30'], { timeout_s: 0.1 }).run(order());
    expect(result).toEqual({ outcome: 'timed_out', exit: 'ended after 0.1 s' });
  });

  test('one that is not there was not started', async () => {
    expect(await step(['/nowhere/x']).run(order())).toEqual({
      outcome: 'failed',
      exit: 'there is no program /nowhere/x',
    });
  });

  test('an interrupted one is ended', async () => {
    const stop = new AbortController();
    const running = step(['/usr/bin/sleep', '30']).run(order({ stop: stop.signal }));
    setTimeout(() => stop.abort(), 20);
    expect(await running).toEqual({ outcome: 'failed', exit: 'interrupted' });
  });

  test('a flood is cut, and that is said', async () => {
    const { outcome, output } = await step(['/bin/sh', '-c', 'head -c 1000000 /dev/zero']).run(order());
    expect(outcome).toBe('worked');
    expect(output?.length).toBeLessThan(150_000);
    expect(output?.toString('latin1')).toMatch(/it printed more, which was not kept\]\n$/);
  });
});

test('facts are arguments and nothing else', async () => {
  const argv = ['/usr/bin/printf', '<%s>', '{file}', '{check}'];
  const facts = { file: '/tmp/; rm -rf / $(id) `id` "\'', check: 'web' };
  const result = await step(argv, { params: { file: { type: 'path', under: ['/'] } } }).run(order({ facts }));
  expect(result.output?.toString()).toBe(`<${facts.file}><web>`);
});

test('a fact of another type starts nothing', async () => {
  const dir = tempDir();
  const argv = ['/usr/bin/touch', '{file}', join(dir, 'started')];
  const result = await step(argv, { params: { file: { type: 'path', under: ['/'] } } }).run(
    order({ facts: { file: '--reference=/etc/passwd' } }),
  );
  expect(result).toEqual({ outcome: 'failed', exit: 'file is not an absolute path without ..' });
  expect(existsSync(join(dir, 'started'))).toBe(false);
});

test('its environment is what was written down, and the marker', async () => {
  process.env.GRACE_TEST_LEAK = 'leaked';
  const result = await step(['/usr/bin/env'], { env: { SITE: 'a' } }).run(order({ marker: 'm1' }));
  delete process.env.GRACE_TEST_LEAK;
  expect(result.output?.toString().trim().split('\n').sort()).toEqual(
    expect.arrayContaining(['GRACE_ACT=m1', 'SITE=a']),
  );
  expect(result.output?.toString()).not.toContain('leaked');
});

test('a script of the same name as a fact is not run', async () => {
  const script = join(tempDir(), 'web');
  writeFileSync(script, '#!/bin/sh\necho run', { mode: 0o755 });
  const result = await step(['{file}'], { params: { file: { type: 'path', under: ['/'] } } }).run(
    order({ facts: { file: script } }),
  );
  expect(result).toMatchObject({ outcome: 'failed', exit: expect.stringContaining('may not come from data') });
});

test('what it says of itself', () => {
  expect(step(['/bin/x'])).toMatchObject({
    timeout_s: 30,
    repeatable: false,
    destroys: expect.stringContaining('/bin/x'),
  });
  expect(step(['/bin/x'], { timeout_s: 5, repeatable: true })).toMatchObject({ timeout_s: 5, repeatable: true });
});
