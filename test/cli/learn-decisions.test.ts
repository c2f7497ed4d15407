import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, processContext } from '../../src/cli/context.js';
import { reportFailure } from '../../src/cli/failure.js';
import { runLearnApprove, runLearnReject } from '../../src/cli/learn-decide.js';
import { runLearnExplain } from '../../src/cli/learn-explain.js';
import { runLearnHistory } from '../../src/cli/learn-history.js';
import type { DecidingOptions } from '../../src/cli/learn-person.js';
import { runLearnProposals } from '../../src/cli/learn-proposals.js';
import { runLearnRollback } from '../../src/cli/learn-rollback.js';
import { runLearnTick } from '../../src/cli/learn-tick.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { AuditDraft, AuditEntry } from '../../src/core/records/audit-entry.js';
import type { Task } from '../../src/core/records/task.js';
import { findTasks } from '../../src/core/registry/queries/tasks.js';
import { taskEntry } from '../../src/learning/governance/version-task.js';
import { verifyReplay } from '../../src/learning/replay/verify-replay.js';
import {
  arms,
  ended,
  entryIdAt,
  learned,
  ORDER_NUMBERS,
  proposed,
  update,
  WAIT_NUMBERS,
} from '../learning/governance/entries.js';
import { besidesSeal, cliEnv, ROOT, readLogs } from '../support/cli.js';
import { learningConfig, restartsWorked, writeEpisodes } from '../support/learn-logs.js';
import { openLedger, openRegistry } from '../support/registry.js';
import { trustedDir } from '../support/trusted-dir.js';
import { fakeOut } from './output/fake-out.js';

const ME = `operator:${userInfo().username}`;
const PROCESS = processContext(ROOT);

const STEPS = [{ run: ['/bin/true'] }];
const CONFIG = {
  version: 1,
  checks: {
    web: { http: { url: 'http://127.0.0.1:1/' }, failure_mode: 'api_timeout', heal: ['cache', 'restart'] },
    root: { disk: { path: '/', used_below: '90%' } },
  },
  playbooks: { cache: { risk: 'low', steps: STEPS }, restart: { risk: 'low', steps: STEPS } },
};

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Logs and a grace.yaml of their own, and the commands over them, in this process. */
function host(config: object = CONFIG) {
  const dir = trustedDir();
  const logs = join(dir, 'logs');
  const options = { logs, config: join(dir, 'grace.yaml') };
  const configure = (text: object) => writeFileSync(options.config, JSON.stringify(text), { mode: 0o644 });
  configure(config);
  const run = async (work: (ctx: Context) => Promise<number>, terminal = {}): Promise<Run> => {
    const [out, err] = [fakeOut(terminal), fakeOut()];
    const ctx: Context = { ...PROCESS, cwd: dir, env: cliEnv(), args: ['learn'], out, err };
    const code = await work(ctx).catch((error) => reportFailure(ctx, error));
    return { code, stdout: out.text, stderr: besidesSeal(err.text) };
  };
  const with_ = (more: Partial<DecidingOptions> = {}) => ({ ...options, ...more });
  return {
    ...{ dir, logs, configure, run },
    write: async (...entries: AuditDraft[]) => {
      mkdirSync(logs, { recursive: true });
      const ledger = openLedger(logs);
      await ledger.transact(() => ({ entries, value: undefined }));
      ledger.close();
    },
    audit: (): AuditEntry[] => readLogs(logs).audit,
    approve: (id: string, more?: Partial<DecidingOptions>) => run((ctx) => runLearnApprove(ctx, id, with_(more))),
    reject: (id: string, more?: Partial<DecidingOptions>) => run((ctx) => runLearnReject(ctx, id, with_(more))),
    rollback: (id: string, more?: Partial<DecidingOptions>) => run((ctx) => runLearnRollback(ctx, id, with_(more))),
    proposals: (more?: object) => run((ctx) => runLearnProposals(ctx, { ...options, ...more })),
    history: (more?: object) => run((ctx) => runLearnHistory(ctx, { ...options, ...more })),
    explain: (id: string, more?: object, terminal?: object) =>
      run((ctx) => runLearnExplain(ctx, id, { ...options, ...more }), terminal),
  };
}

type Host = ReturnType<typeof host>;

const LEARNER = { account: 'learner', rule: '', facts: {}, reason: null };
const task = (id: string) => taskEntry('task_registered', id, LEARNER, `${id}: web`);
const CONFIRM = { kind: 'confirm', from: '2 of 3', to: '3 of 5', needs: 'threshold', why: 'fewer false alarms' };
const ADVICE = { numbers: { probes: 812, false_alarms: 4, avoided: 3 } };

/** What a tick in `propose` would have written. */
async function withProposal(config: object = CONFIG): Promise<Host> {
  const one = host(config);
  await one.write(learned({}), arms(), proposed(3), task('p3'));
  return one;
}

/** What the last entries say, without the seal's own. */
const lastOf = (one: Host, n: number) =>
  one
    .audit()
    .slice(-n)
    .map(({ action, resource }) => [action, resource]);
/** The task of a change, as the registry has it. */
function taskStatus(one: Host, id: string): Task | undefined {
  const registry = openRegistry(one.logs);
  registry.sync();
  return registry.read((db) => findTasks(db, `config_update_${id}`))[0];
}

describe('grace learn proposals', () => {
  it('says what is proposed, on which numbers, why it needs a person, and how to decide', async () => {
    const one = await withProposal();
    const { code, stdout, stderr } = await one.proposals();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^p3 +web +order +cache, then restart +restart, then cache +4 min 50 s → 3 min 20 s +93 % +9$/m,
    );
    expect(stdout).toContain('p3: learning.mode is propose\n');
    expect(stdout).toContain(`grace learn approve p3 --logs ${one.logs} --config ${one.dir}/grace.yaml\n`);
    expect(stdout).toContain("--reason '…'");
    expect(stderr).toBe('1 change waits for a person\n');
  });

  it('has the raw numbers as JSON', async () => {
    const one = await withProposal();
    expect(JSON.parse((await one.proposals({ json: true })).stdout)).toMatchObject({
      schema: 'grace.learn_proposals/1',
      proposals: [
        {
          ...{ id: 'p3', kind: 'order', check: 'web', playbook: null, needs: 'reorder', state: 'open' },
          ...{ from: ['cache', 'restart'], to: ['restart', 'cache'], numbers: ORDER_NUMBERS },
          expected: { before_s: 290, after_s: 200, better: 0.93 },
        },
      ],
    });
  });

  it('without any says so; without logs answers 10 and makes none', async () => {
    const one = host();
    expect(await one.proposals()).toMatchObject({ code: 10, stdout: '' });
    expect(await one.approve('p1')).toMatchObject({ code: 10, stdout: '' });
    expect(existsSync(one.logs)).toBe(false);
    await one.write(arms());
    expect(await one.proposals()).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no change waits'),
    });
  });

  it('changes no log by looking', async () => {
    const one = await withProposal();
    await one.proposals();
    const logs = () => readdirSync(one.logs).map((name) => [name, readFileSync(join(one.logs, name), 'hex').length]);
    const before = [one.audit(), logs()];
    for (const look of [one.proposals, one.history]) await look();
    await one.explain('p3');
    expect([one.audit(), logs()]).toEqual(before);
  });
});

describe('grace learn approve', () => {
  it('makes a version in the name of the person, and ends the task', async () => {
    const one = await withProposal();
    const { code, stdout, stderr } = await one.approve('p3');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('p3 is approved, and in force as v1: web tries restart, then cache\n');
    expect(lastOf(one, 4)).toEqual([
      ...[
        ['change_approved', 'p3'],
        ['config_update', 'v1'],
      ],
      ...[
        ['learning_arms', 'web'],
        ['task_completed', 'config_update_p3'],
      ],
    ]);
    const version = one.audit().find(({ action }) => action === 'config_update');
    expect(version).toMatchObject({ actor: ME, decision: { account: ME, rule: expect.stringMatching(/^built in/) } });
    expect(taskStatus(one, 'p3')).toMatchObject({ status: 'completed' });
    expect((await one.proposals()).stdout).toBe('');
  });

  it('counts once, of two at the same moment too', async () => {
    const one = await withProposal();
    const runs = await Promise.all([one.approve('p3'), one.approve('p3'), one.reject('p3', { reason: 'no' })]);
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 4, 4]);
    const decisions = one.audit().filter(({ action }) => action === 'change_approved' || action === 'change_rejected');
    expect(decisions).toHaveLength(1);
    const again = await one.approve('p3');
    expect(again.code).toBe(4);
    expect(again.stderr).toMatch(/p3 was (approved|rejected) by .* \[GRACE_CHANGE_REFUSED\]/);
  });

  it.each([
    [['ack'], 4],
    [['wait', 'threshold'], 4],
    [['reorder'], 0],
  ])('by an account that may %j answers %d', async (may, code) => {
    const one = await withProposal({ ...CONFIG, accounts: { [ME]: { may } } });
    const run = await one.approve('p3');
    expect(run.code).toBe(code);
    if (code === 0) return;
    expect(run.stderr).toContain(`${ME} may not reorder: accounts["${ME}"] [GRACE_NOT_GRANTED]`);
    expect(one.audit().at(-1)).toMatchObject({
      ...{ actor: ME, action: 'request_denied', resource: 'p3' },
      decision: { allowed: false, grant: 'reorder', rule: `accounts["${ME}"]` },
    });
    expect(one.audit().map(({ action }) => action)).not.toContain('config_update');
    expect((await one.proposals()).stdout).toContain('p3');
  });

  it('of what does not fit grace.yaml any more is refused, and written nowhere', async () => {
    const one = await withProposal();
    const { restart, ...playbooks } = CONFIG.playbooks;
    one.configure({ ...CONFIG, checks: { web: { ...CONFIG.checks.web, heal: ['cache'] } }, playbooks });
    const before = one.audit();
    const run = await one.approve('p3');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('restart is no remedy of web in grace.yaml any more [GRACE_CHANGE_REFUSED]');
    expect(one.audit()).toEqual(before);
  });

  it('of detection says what to write into grace.yaml, and does not write it', async () => {
    const one = host();
    const limit = { ...CONFIRM, kind: 'threshold', check: 'root', from: 'used_below: 90%', to: 'used_below: 95%' };
    await one.write(proposed(1, CONFIRM, ADVICE), task('p1'), proposed(2, limit, ADVICE), task('p2'));
    const yaml = () => [
      statSync(join(one.dir, 'grace.yaml')).mtimeMs,
      readFileSync(join(one.dir, 'grace.yaml'), 'utf8'),
    ];
    const before = yaml();
    expect((await one.approve('p1')).stdout).toBe(
      [
        'p1 is approved. grace never edits grace.yaml: it takes effect once this stands there:',
        ...['checks:', '  web:', '    confirm: 3 of 5   # instead of 2 of 3', ''],
      ].join('\n'),
    );
    expect(JSON.parse((await one.approve('p2', { json: true })).stdout)).toMatchObject({
      ...{ schema: 'grace.learn_decision/1', id: 'p2', check: 'root', version: null },
      grace_yaml: ['checks:', '  root:', '    disk:', '      used_below: 95%   # instead of 90%'],
      entries: [expect.stringMatching(/^log_/), expect.stringMatching(/^log_/)],
    });
    expect(yaml()).toEqual(before);
    expect(one.audit().map(({ action }) => action)).not.toContain('config_update');
    expect(taskStatus(one, 'p1')).toMatchObject({ status: 'completed' });
  });

  it('of an id that nothing has answers 2 and names the nearest', async () => {
    const one = await withProposal();
    const run = await one.approve('p4');
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('no proposal is named p4 [GRACE_UNKNOWN_CHANGE]');
    expect(run.stderr).toMatch(/hint: grace learn proposals.* # such as p3/);
  });
});

it('an approval that somebody writes into the log by hand counts for nothing', async () => {
  const one = await withProposal();
  await one.write(proposed(4, { check: 'db' }), task('p4'));
  // From here on the log is sealed.
  expect((await one.reject('p4', { reason: 'no' })).code).toBe(0);
  const forged = [
    ended(ACTION.changeApproved, 3, ME),
    update(1, { account: ME, proposal: 'p3' }),
    arms({ incumbent: ['restart', 'cache'], candidate: ['restart', 'cache'], version: 1 }),
  ];
  const line = one.audit().length;
  for (const [i, { actor, action, resource, decision, metadata }] of forged.entries()) {
    const entry = { entry_id: `log_${line + i + 1}_20261123120000000000`, timestamp: '2026-11-23T12:00:00.000Z' };
    const text = JSON.stringify({ ...entry, actor, action, resource, decision, metadata });
    appendFileSync(join(one.logs, 'immutable_audit.jsonl'), `${text}\n`);
  }
  expect(await one.explain('v1')).toMatchObject({ code: 2 });
  expect((await one.proposals()).stdout).toMatch(/^p3 /m);
  expect((await one.approve('p3')).stdout).toContain('in force as v1');
  const { stdout } = await one.explain('v1', { json: true });
  expect(JSON.parse(stdout).version).toMatchObject({ account: ME, rule: expect.stringMatching(/^built in/) });
});

describe('grace learn reject', () => {
  it('needs a reason, keeps it, and cancels the task', async () => {
    const one = await withProposal();
    expect(await one.reject('p3')).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason is required') });
    expect((await one.reject('p3', { reason: 'keep it warm' })).code).toBe(0);
    expect(one.audit().at(-2)).toMatchObject({ action: 'change_rejected', decision: { reason: 'keep it warm' } });
    expect(taskStatus(one, 'p3')).toMatchObject({ status: 'cancelled' });
    expect((await one.explain('p3')).stdout).toContain('keep it warm');
  });
});

describe('grace learn rollback', () => {
  it('puts back the order, by a person, and names the version in force where it is another one', async () => {
    const one = host();
    await one.write(arms(), update(1), arms({ incumbent: ['restart', 'cache'], version: 1 }));
    expect((await one.rollback('v1')).code).toBe(2);
    const run = await one.rollback('v1', { reason: 'it restarts during backups' });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^v1 is rolled back by v2: web is at cache, then restart again; /);
    expect(one.audit().find(({ resource }) => resource === 'v2')).toMatchObject({
      decision: { kind: 'rollback', rolls_back: 'v1', reason: 'person', hold: true },
      metadata: { note: 'it restarts during backups' },
    });
    expect(taskStatus(one, 'v2')).toMatchObject({ status: 'completed', subsystem: 'learning' });
    const again = await one.rollback('v1', { reason: 'once more' });
    expect(again.code).toBe(4);
    expect(again.stderr).toContain('v1 is not in force: the order of web is v2 now');
    expect((await one.history()).stdout).toMatch(/^v1 .* rolled back by v2 +0$/m);
  });

  it('of a wait needs the grant for waits', async () => {
    const wait = { kind: 'wait', playbook: 'restart', from: 30, to: 22.5 };
    const one = host({ ...CONFIG, accounts: { [ME]: { may: ['reorder'] } } });
    await one.write(arms(), update(1, wait, { numbers: WAIT_NUMBERS }), arms({ waits: { restart: 22.5 } }));
    expect((await one.rollback('v1', { reason: 'r' })).stderr).toContain(`${ME} may not wait`);
    one.configure({ ...CONFIG, accounts: { [ME]: { may: ['wait'] } } });
    const run = await one.rollback('v1', { reason: 'r' });
    expect(run.stdout).toContain('web: wait after restart is at 30 s again');
  });
});

describe('after a real tick', () => {
  /** What of the log does not follow from what stands before it. */
  function deviations(one: Host) {
    const registry = openRegistry(one.logs);
    registry.sync();
    return registry.control((view) => verifyReplay(view)).deviations;
  }

  it('an approval and a rollback are what a replay expects, and no tick passes over them', async () => {
    const one = host(learningConfig({ mode: 'propose' }));
    const tick = () => one.run((ctx) => runLearnTick(ctx, { logs: one.logs, config: join(one.dir, 'grace.yaml') }));
    mkdirSync(one.logs);
    const ledger = openLedger(one.logs);
    await writeEpisodes(ledger, restartsWorked(12));
    ledger.close();
    expect((await tick()).code).toBe(0);
    expect((await one.proposals()).stdout).toMatch(/^p1 +web +order +reload, then restart +restart, then reload /m);
    expect((await one.explain('p1')).stdout).toMatch(/^restart +\d.* %.* \/s$/m);
    expect((await one.approve('p1')).stdout).toContain('in force as v1: web tries restart, then reload');
    // For reload, which never helped, nobody is asked to wait longer.
    expect((await one.approve('p2')).stdout).toContain('in force as v2: web waits 22.5 s for health after restart');
    expect(await tick()).toMatchObject({ code: 0 });
    expect((await one.proposals()).stdout).toBe('');
    expect((await one.history()).stdout).toMatch(/^v2 .* in force +0\nv1 .* in force +0$/m);
    for (const id of ['v1', 'v2']) expect((await one.rollback(id, { reason: 'not today' })).code).toBe(0);
    expect(await tick()).toMatchObject({ code: 0 });
    expect((await one.history()).stdout).toMatch(/^v1 .* rolled back by v3 +0$/m);
    const versions = one.audit().filter(({ action }) => action === 'config_update');
    expect(versions.map(({ actor, resource }) => [actor, resource])).toEqual(
      ['v1', 'v2', 'v3', 'v4'].map((id) => [ME, id]),
    );
    expect(deviations(one)).toEqual([]);
  });
});

it('what was learned is said to be served no longer while learning is off', async () => {
  const one = await withProposal();
  await one.approve('p3');
  expect((await one.history()).stderr).not.toContain('off');
  one.configure({ ...CONFIG, learning: { mode: 'off' } });
  for (const looked of [await one.history(), await one.explain('v1'), await one.proposals()]) {
    expect(looked).toMatchObject({ code: 0, stderr: expect.stringContaining('learning.mode is off in grace.yaml') });
  }
});

describe('grace learn history', () => {
  it('is newest first, of one check where one is named, with decisions where all is wanted', async () => {
    const one = await withProposal();
    await one.write(update(1), update(2, { check: 'db' }), proposed(4), task('p4'));
    await one.reject('p4', { reason: 'no' });
    const ids = ({ stdout }: Run) =>
      stdout
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(' ')[0]);
    expect(ids(await one.history())).toEqual(['v2', 'v1']);
    expect(ids(await one.history({ check: 'web' }))).toEqual(['v1']);
    expect(ids(await one.history({ limit: '1' }))).toEqual(['v2']);
    expect((await one.history({ limit: '1' })).stderr).toBe('1 of 2 changes; all of them: --limit 2\n');
    expect(ids(await one.history({ all: true }))).toEqual(['p4', 'v2', 'v1']);
    expect(JSON.parse((await one.history({ json: true, all: true })).stdout)).toMatchObject({
      ...{ schema: 'grace.learn_history/1', matching: 3, limit: 20 },
      versions: [{ id: 'v2' }, { id: 'v1', state: 'in_force', account: 'learner', since: { incidents: 0 } }],
      proposals: [{ id: 'p4', state: 'rejected', ended_by: ME, reason: 'no' }],
    });
  });
});

describe('grace learn explain', () => {
  async function explained() {
    const one = host();
    const order = ['restart', 'cache'];
    const tried = (playbook: string, worked: boolean) => [{ playbook, worked, seconds: 5 }];
    await one.write(
      ...Array.from({ length: 12 }, (_, i) =>
        learned({ opening: entryIdAt(1), tried: tried('cache', false) }, `inc_${i}`),
      ),
    );
    await one.write(arms(), update(1), arms({ incumbent: order, version: 1 }));
    const now = readLogs(one.logs).audit.length;
    await one.write(
      learned(
        { opening: entryIdAt(now + 1), order, tried: tried('restart', true), predicted: 0.875, recovered_s: 25 },
        'x1',
      ),
      learned(
        { opening: entryIdAt(now + 2), order, tried: tried('restart', true), predicted: 0.875, recovered_s: 35 },
        'x2',
      ),
      learned({ opening: entryIdAt(now + 3), holdout: true, recovered_s: 500 }, 'x3'),
    );
    return one;
  }

  it('shows the numbers, what it rests on, what happened since beside what was expected, and how to undo it', async () => {
    const one = await explained();
    const { code, stdout } = await one.explain('v1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^v1: web tries restart, then cache\n/);
    expect(stdout).toMatch(/^restart +7 +6 +88 % +60 % – 97 % +20 s +1 min 30 s +28.8 s +0.0304 \/s$/m);
    expect(stdout).toContain(
      'Expected time to recover: 4 min 50 s before, 3 min 20 s after; sooner in 93 % of the draws.',
    );
    expect(stdout).toContain('built in: no playbook overtakes one of lower risk');
    expect(stdout).toContain('\n  inc_11 (incumbent): cache failed (5 s); recovered in 10 s\n');
    expect(stdout.match(/^ {2}inc_\d+ /gm)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((i) => `  inc_${i} `));
    expect(stdout).toContain('3 incidents learned from: 2 in this order, 1 in the first order, for comparison.');
    expect(stdout).toContain(
      '2 of 2 recovered: median 30 s, mean 30 s; 3 min 20 s had been expected, persons included.',
    );
    expect(stdout).toContain('The first playbook worked in 2 of 2; 1.75 had been predicted.');
    expect(stdout).toContain('Relapsed: 0 of 2. A person was asked for: 0 of 2.');
    expect(stdout).toContain(`grace learn rollback v1 --logs ${one.logs}`);
  });

  it('fits a terminal of 60 columns', async () => {
    const one = await explained();
    await one.write(proposed(3, { why: 'because '.repeat(20) }));
    for (const id of ['v1', 'p3']) {
      const { stdout } = await one.explain(id, {}, { isTTY: true, columns: 60 });
      const long = stdout.split('\n').filter((line) => [...line].length > 60 && !/grace learn/.test(line));
      expect(long).toEqual([]);
    }
  });

  it('escapes what stands in the log', async () => {
    const one = host();
    const evil = 'a\u001b[31m';
    await one.write(
      update(
        1,
        { check: evil, to: [evil, 'b'], rule: evil, account: evil },
        { numbers: { playbooks: [{ id: evil }] } },
      ),
      proposed(1, { check: evil, why: evil, to: [evil] }, { numbers: { [evil]: 1, note: evil } }),
      learned({ check: evil, arm: evil, tried: [{ playbook: evil, worked: true, seconds: 1 }] }, evil),
    );
    const shown = await Promise.all([
      one.proposals(),
      one.history({ all: true }),
      one.explain('v1'),
      one.explain('p1'),
    ]);
    for (const { code, stdout } of shown) {
      expect(code).toBe(0);
      expect(stdout).toContain('a\\u{1b}[31m');
      expect(stdout).not.toContain('\u001b');
    }
  });

  it('of a wait shows the curve, of a rollback why', async () => {
    const one = host();
    await one.write(
      update(1, { kind: 'wait', playbook: 'restart', from: 30, to: 22.5 }, { numbers: WAIT_NUMBERS }),
      update(2, {}),
      update(
        3,
        {
          kind: 'rollback',
          from: ['restart', 'cache'],
          to: ['cache', 'restart'],
          reason: 'harm',
          rolls_back: 'v2',
          hold: true,
        },
        { numbers: {}, harm: { incidents: 90, e_slower: 23.5, e_worse: 0.5 } },
      ),
    );
    const wait = (await one.explain('v1')).stdout;
    expect(wait).toContain('web waits 22.5 s for health after restart');
    expect(wait).toContain('It was waited 12 times, and in 2 of them given up; giving up costs 1 min 40 s');
    expect(wait).toContain('8 s is best, with 15 s expected');
    const back = (await one.explain('v3')).stdout;
    expect(back).toMatch(/^why +harm was shown/m);
    expect(back).toContain('E 23.5 for slower, 0.5 for more relapses and escalations, of 90 incidents; 20 decides');
    expect((await one.explain('v2')).stdout).toMatch(/^now +rolled back by v3$/m);
  });

  it('of an id that nothing has answers 2', async () => {
    const one = await withProposal();
    expect(await one.explain('v1')).toMatchObject({ code: 2, stdout: '' });
    const run = await one.explain('p33');
    expect(run.stderr).toMatch(/hint: grace learn proposals.* # such as p3/);
  });

  it('has everything as JSON', async () => {
    const one = await explained();
    expect(JSON.parse((await one.explain('v1', { json: true })).stdout)).toMatchObject({
      ...{ schema: 'grace.learn_explain/1', proposal: null, numbers: ORDER_NUMBERS },
      version: { id: 'v1', since: { served: 2, median_s: 30 } },
      evidence: expect.arrayContaining([expect.objectContaining({ incident_id: 'inc_11', recovered_s: 10 })]),
    });
  });
});
