import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { healHost } from '../support/heal-host.js';
import { configureMending } from '../support/mending.js';

it('a service that dies while it is verified: the attempt says how, and what it printed is kept and bound', async () => {
  const host = healHost();
  const service = host.script(
    'service.sh',
    'echo listening; sleep 0.1; echo "no licence, password=hunter2 refused"; exit 7',
  );
  const restart = { start: [service], pidfile: host.path('pid'), output: host.path('said') };
  configureMending(host, [{ restart }], { every: '50ms', within: '600ms' });
  expect((await host.grace(['heal', 'run'])).code).toBe(3);
  const how = /started pid \d+, which ended with exit 7 after 0\.\d\d s$/;
  expect(host.incidents()).toMatchObject([
    { attempts: [{ outcome: 'failed', steps: [{ exit: expect.stringMatching(how) }] }] },
  ]);
  const before = host.snapshots().findLast(({ attempts }) => attempts.length === 1);
  expect(before?.error).toMatch(/^up did not pass 2 times in a row; .+which ended with exit 7/);
  const outputs = host.audit('remedy_ended').flatMap(({ metadata }) => metadata.outputs as { file: string }[]);
  expect(outputs).toHaveLength(1);
  const kept = readFileSync(join(host.logs, outputs[0]?.file ?? ''), 'utf8');
  expect(kept).toContain('listening\nno licence');
  expect(kept).not.toContain('hunter2');
});
