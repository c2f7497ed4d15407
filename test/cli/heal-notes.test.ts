import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type HealHost, healHost } from '../support/heal-host.js';

const NO_CHECK = 'grace: note: grace.yaml names no check: nothing was looked at\n';
const NOT_LOOKED = 'No check has been looked at here.';

function hostWith(checks: Readonly<Record<string, object>>): HealHost {
  const host = healHost();
  host.configure({ version: 1, logs: 'logs', checks });
  return host;
}

const passing = { up: { file: { path: '/etc/passwd' }, confirm: '1 of 1', recover: 1 } };

describe('heal run', () => {
  it('says that it has looked at nothing where grace.yaml names no check', async () => {
    const host = hostWith({});
    const run = await host.grace(['heal', 'run']);
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(NO_CHECK) });
    const asJson = await host.grace(['heal', 'run', '--json']);
    expect(asJson).toMatchObject({ code: 0, stderr: expect.stringContaining(NO_CHECK) });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ checks: [] });
  });

  it('says nothing of the kind where there is one', async () => {
    const run = await hostWith(passing).grace(['heal', 'run']);
    expect(run).toMatchObject({ code: 0, stderr: expect.not.stringContaining('nothing was looked at') });
  });
});

describe('heal status', () => {
  it('does not say that all is well where no check has been looked at', async () => {
    const host = hostWith({});
    await host.grace(['heal', 'run']);
    const status = await host.grace(['heal', 'status']);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(`No incident is open. ${NOT_LOOKED}`) });
    expect(status.stdout).not.toContain('Nothing is wrong');
    expect(status.stdout).not.toContain('The last look was');
    expect(JSON.parse((await host.grace(['heal', 'status', '--json'])).stdout)).toMatchObject({ last_look: null });
  });

  it('says it after a look', async () => {
    const host = hostWith(passing);
    await host.grace(['heal', 'run']);
    expect(existsSync(`${host.logs}/probes.db`)).toBe(true);
    const status = await host.grace(['heal', 'status']);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing is wrong.') });
    expect(status.stdout).not.toContain(NOT_LOOKED);
  });

  it('nor of a check that is not in grace.yaml any more', async () => {
    const host = hostWith(passing);
    await host.grace(['heal', 'run']);
    host.configure({ version: 1, logs: 'logs', checks: {} });
    expect((await host.grace(['heal', 'status'])).stdout).toContain(NOT_LOOKED);
  });
});
