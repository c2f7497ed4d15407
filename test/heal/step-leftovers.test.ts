import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type HealHost, healHost, until } from '../support/heal-host.js';
import { configureMending } from '../support/mending.js';

/** The first step leaves a daemon running and ends well; what comes after it is said by the test. */
function prepare(host: HealHost, second: string, timeout = '30s'): void {
  const daemon = host.script('daemon.sh', `setsid sleep 333 > /dev/null 2>&1 &`);
  const then = host.script('then.sh', `echo x > ${host.path('second')}\n${second}`);
  configureMending(host, [{ run: [daemon] }, { run: [then], timeout }], { every: '20ms', within: '20s' });
}

const running = (host: HealHost, what: string) => host.processes().filter(({ command }) => command === what).length;
const notes = (host: HealHost) => readdirSync(host.logs).filter((name) => name.startsWith('.act-'));

describe('what a step leaves running when it has ended well', () => {
  it('stays when a later step runs into its timeout, of which all is ended', async () => {
    const host = healHost();
    prepare(host, 'setsid sleep 444 &\nsleep 444', '500ms');
    const run = await host.grace(['heal', 'run']);
    expect(run.code, run.stderr).toBe(3);
    expect(host.incidents()).toMatchObject([{ attempts: [{ outcome: 'timed_out' }] }]);
    expect([running(host, 'sleep 333'), running(host, 'sleep 444')]).toEqual([1, 0]);
    expect(notes(host)).toEqual([]);
  });

  it('stays when grace is killed in a later step, of which all is ended', async () => {
    const host = healHost();
    prepare(host, 'setsid sleep 444 &\nsleep 444');
    const run = host.start(['heal', 'run']);
    await until('the second step is at work', () => running(host, 'sleep 444') === 2);
    run.child.kill('SIGKILL');
    await run.ended;
    expect(notes(host)).toHaveLength(1);
    await host.grace(['registry', 'sync']);
    expect(host.audit('remedy_ended')).toMatchObject([{ decision: { outcome: 'unknown' } }]);
    expect([running(host, 'sleep 333'), running(host, 'sleep 444')]).toEqual([1, 0]);
    expect(notes(host)).toEqual([]);
  });

  it('stays when grace is killed while it verifies', async () => {
    const host = healHost();
    prepare(host, '');
    const run = host.start(['heal', 'run']);
    await until('both steps have ended', () => host.lines('second').length === 1);
    await until(
      'it verifies',
      () => running(host, `/bin/sh ${host.path('then.sh')}`) === 0 && notes(host).length === 1,
    );
    run.child.kill('SIGKILL');
    await run.ended;
    await host.grace(['registry', 'sync']);
    expect(host.audit('remedy_ended')).toMatchObject([{ decision: { outcome: 'unknown' } }]);
    expect(running(host, 'sleep 333')).toBe(1);
  });
});
