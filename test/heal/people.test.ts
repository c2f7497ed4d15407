import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type HealHost, healHost, WIDE, WIDE_POLICY } from '../support/heal-host.js';

const verify = { passes: 1, every: '20ms', within: '300ms' };
const autonomy = { low: 'auto', medium: 'approve', high: 'never' };

/** Two checks that look for a file; the remedy of `up` needs an approval, runs, and helps or not. */
function approvedHost({ helps = true, risk = 'medium' } = {}): HealHost {
  const host = healHost();
  const mend = host.script('mend.sh', helps ? `touch ${host.path('up')}` : 'true');
  configure(host, mend, risk);
  return host;
}

function configure(
  host: HealHost,
  mend: string,
  risk: string,
  { heal = ['mend', 'mend-more'], first = '10m' }: { heal?: readonly string[]; first?: string } = {},
): void {
  const check = { every: '100ms', confirm: '1 of 1', limits: WIDE };
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs' },
    policy: { ...WIDE_POLICY, autonomy, rearm: { first, most: '1h' } },
    checks: {
      up: { file: { path: host.path('up') }, ...check, heal },
      'disk-root': { disk: { path: '/', used_below: '100%' }, ...check },
    },
    playbooks: Object.fromEntries(
      ['mend', 'mend-more'].map((id) => [id, { risk, steps: [{ run: [mend] }], verify, relapse: '0s' }]),
    ),
  });
}

const idOf = (host: HealHost) => host.incidents()[0]?.incident_id ?? '';

describe('a silence', () => {
  it('that silences nothing is refused: the pattern is named, and what was meant', async () => {
    const host = approvedHost();
    const typo = await host.grace(['heal', 'silence', 'dsik-root', '--for', '2h']);
    expect(typo).toMatchObject({ code: 2, stdout: '' });
    expect(typo.stderr).toContain('no check is named dsik-root [GRACE_UNKNOWN_CHECK]');
    expect(typo.stderr).toContain('grace heal silence disk-root --for 2h   # did you mean disk-root?');
    const far = await host.grace(['heal', 'silence', 'up', 'postgres*']);
    expect(far).toMatchObject({ code: 2, stdout: '' });
    expect(far.stderr).toContain('no check is named postgres*');
    expect(far.stderr).toContain('the checks there are: up, disk-root');
    expect(await host.grace(['heal', 'silence', ''])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no check is named ''"),
    });
    expect(host.audit('silence_started')).toEqual([]);
    expect(await host.grace(['heal', 'silence', 'disk-*', 'up'])).toMatchObject({ code: 0 });
    expect(host.audit('silence_started')).toHaveLength(1);
  });

  it.each([
    ['broken', 'version: 1\nlogs: /nowhere\nchecks: [\n'],
    ['invalid', 'version: 1\nmood: perhaps\n'],
  ])('and the brake can be set while grace.yaml is %s, and that is said', async (_, text) => {
    const host = healHost();
    host.configure(text);
    const silence = await host.grace(['heal', 'silence', 'web', '--logs', host.logs]);
    expect(silence).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing acts on web') });
    expect(silence.stderr).toContain('grace.yaml cannot be used, and the built-in grants hold');
    expect(silence.stderr).toContain('nobody knows whether a check is named so');
    expect(await host.grace(['heal', 'silence', '', '--logs', host.logs])).toMatchObject({ code: 2 });
    expect(await host.grace(['heal', 'brake', 'on', '--logs', host.logs])).toMatchObject({ code: 0 });
    // To act again is another matter: who may is not known.
    expect(await host.grace(['heal', 'brake', 'off', '--logs', host.logs])).toMatchObject({ code: 2 });
  });

  it('that is ended early is named, and nothing else', async () => {
    const host = approvedHost();
    expect(await host.grace(['heal', 'silence', 'up', '--end', 'silence_x'])).toMatchObject({ code: 2 });
    expect(await host.grace(['heal', 'silence', '--end', 'silence_x'])).toMatchObject({ code: 10 });
  });
});

describe('the brake', () => {
  it('says once who set it, and why if that was said', async () => {
    const host = approvedHost({ risk: 'low' });
    expect(await host.grace(['heal', 'brake', 'onn'])).toMatchObject({ code: 2 });
    await host.grace(['heal', 'brake', 'on']);
    expect((await host.grace(['heal', 'status'])).stdout).toMatch(/^ {2}since \S+ \S+, by operator:[^\s:]+$/m);
    const run = await host.grace(['heal', 'run', 'up']);
    expect(run.stdout).toMatch(/brake: the brake is on since \S+, by operator:[^\s:]+$/m);
    await host.grace(['heal', 'brake', 'off']);
    await host.grace(['heal', 'brake', 'on', '--reason', 'a storm']);
    expect((await host.grace(['heal', 'status'])).stdout).toMatch(/, by operator:[^\s:]+: a storm$/m);
  });
});

describe('an incident', () => {
  it('that is over is neither acknowledged nor closed again', async () => {
    const host = approvedHost();
    await host.grace(['heal', 'run', 'up']);
    const id = idOf(host);
    expect(await host.grace(['heal', 'ack', ''])).toMatchObject({ code: 10 });
    expect(await host.grace(['heal', 'ack', id])).toMatchObject({ code: 0 });
    const closed = await host.grace(['heal', 'close', id, '--reason', 'a test']);
    expect(closed).toMatchObject({ code: 0, stdout: expect.stringContaining('nobody has verified it') });
    expect(closed.stderr).toMatch(
      /warning: up was still failing .* ago .*: unless it passes now, an incident is opened/,
    );
    expect(await host.grace(['heal', 'ack', id])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('is over [GRACE_INCIDENT_OVER]'),
    });
    expect(host.audit('incident_acknowledged')).toHaveLength(1);
  });

  it('that no check of grace is about is closed without a warning', async () => {
    const host = approvedHost();
    await host.grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--target', '/var']);
    const closed = await host.grace(['heal', 'close', idOf(host), '--reason', 'a test']);
    expect(closed).toMatchObject({ code: 0 });
    expect(closed.stderr).not.toContain('warning');
  });

  it('is closed only with a reason, and --help says so', async () => {
    const host = approvedHost();
    expect((await host.grace(['heal', 'close', '--help'])).stdout).toMatch(/--reason <text>.*\(required\)/);
    expect(await host.grace(['heal', 'close', 'inc_1'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--reason is required.*\n.*grace heal close inc_1 --reason '/),
    });
  });
});

describe('an approval', () => {
  it('is given for what waits for it, and for nothing else', async () => {
    const host = approvedHost({ helps: false });
    await host.grace(['heal', 'run', 'up']);
    const id = idOf(host);
    const refused = async (args: readonly string[], code: number, why: string) =>
      expect(await host.grace(['heal', 'approve', id, ...args])).toMatchObject({
        ...{ code, stdout: '' },
        stderr: expect.stringContaining(why),
      });
    await refused(['mned'], 2, `grace heal approve ${id} mend`);
    await refused(['mend-more'], 4, 'it is mend that waits for an approval, not mend-more');
    expect(await host.grace(['heal', 'approve', id])).toMatchObject({ code: 0 });
    // It runs, does not help, and the next one waits.
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 4 });
    await refused(['mend'], 4, 'it is mend-more that waits for an approval, not mend');
    expect(await host.grace(['heal', 'approve', id])).toMatchObject({ code: 0 });
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 3 });
    await refused([], 4, `no remedy of ${id} waits for an approval any more`);
    expect(host.audit('approval_given')).toHaveLength(2);
    // The next round asks anew, though nothing but the turn has changed.
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 4 });
    expect(await host.grace(['heal', 'approve', id, 'mend'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('held back all the same by: rearm'),
    });
  });

  it('is asked for anew when the remedy has its turn again', async () => {
    const host = approvedHost({ helps: false });
    configure(host, host.path('mend.sh'), 'medium', { heal: ['mend'], first: '1s' });
    await host.grace(['heal', 'run', 'up']);
    const id = idOf(host);
    await host.grace(['heal', 'approve', id]);
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 3 });
    await sleep(1100);
    // The same remedy is held back by the same rail as before it ran.
    expect(await host.grace(['heal', 'run', 'up'])).toMatchObject({ code: 4 });
    expect(host.audit('approval_requested')).toHaveLength(2);
    expect((await host.grace(['heal', 'status'])).stdout).toContain('needs an approval');
    expect(await host.grace(['heal', 'approve', id])).toMatchObject({ code: 0 });
  });

  it('is refused when the remedy is not on the list any more, or needs none', async () => {
    const host = approvedHost();
    await host.grace(['heal', 'run', 'up']);
    const id = idOf(host);
    const approve = () => host.grace(['heal', 'approve', id]);
    configure(host, host.path('mend.sh'), 'medium', { heal: ['mend-more'] });
    expect(await approve()).toMatchObject({ code: 2, stderr: expect.stringContaining('mend is no remedy of up') });
    configure(host, host.path('mend.sh'), 'low');
    expect(await approve()).toMatchObject({ code: 4, stderr: expect.stringContaining('needs no approval any more') });
    configure(host, host.path('mend.sh'), 'high');
    expect(await approve()).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('policy.autonomy.high is never'),
    });
    rmSync(host.config);
    const without = await host.grace(['heal', 'approve', id, '--logs', host.logs], { env: { GRACE_CONFIG: '' } });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no grace.yaml') });
    expect(host.audit('approval_given')).toEqual([]);
  });

  it('that other rails hold back all the same says which', async () => {
    const host = approvedHost();
    await host.grace(['heal', 'silence', 'up']);
    await host.grace(['heal', 'run', 'up']);
    expect(await host.grace(['heal', 'approve', idOf(host)])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('held back all the same by: silence'),
    });
  });
});
