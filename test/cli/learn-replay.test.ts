import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, processContext } from '../../src/cli/context.js';
import { reportFailure } from '../../src/cli/failure.js';
import { type LearnReplayOptions, runLearnReplay } from '../../src/cli/learn-replay.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import { seededRandom } from '../../src/learning/order/random.js';
import { STATE_FILE } from '../../src/learning/state/state-cache.js';
import { stateHash } from '../../src/learning/state/state-hash.js';
import { LoggedWorld, webCheck } from '../learning/replay/logged-world.js';
import { cliEnv, RAW_CONTROL, ROOT } from '../support/cli.js';
import { auditDraft, line } from '../support/records.js';
import { deleteRegistry, logPath, openLedger, openRegistry } from '../support/registry.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';
import { fakeOut } from './output/fake-out.js';

const PROCESS = processContext(ROOT);
const CHANCES = { a: 0.1, b: 0.5, c: 0.9 };

async function replay(logs: string, options: LearnReplayOptions = {}) {
  const [out, err] = [fakeOut(), fakeOut()];
  const ctx: Context = { ...PROCESS, cwd: '/', env: cliEnv(), args: ['learn', 'replay'], out, err };
  const code = await runLearnReplay(ctx, { logs, ...options }).catch((error) => reportFailure(ctx, error));
  return { code, stdout: out.text, stderr: err.text };
}

function lived(incidents = 30, name = 'web') {
  const dir = tempDir();
  const registry = openRegistry(dir);
  const log = new LoggedWorld(dir, registry, [webCheck({ name })]);
  const random = seededRandom('cli');
  for (let i = 0; i < incidents; i++) {
    log.incident(name, CHANCES, random);
    log.tick();
  }
  return { dir, log };
}

function change(dir: string, action: string, how: (entry: AuditEntry) => void): number {
  const path = logPath(dir, 'audit');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const at = lines.findLastIndex((one) => (JSON.parse(one) as AuditEntry).action === action);
  const entry = JSON.parse(lines[at] ?? '') as AuditEntry;
  how(entry);
  lines[at] = line(entry).slice(0, -1);
  writeFileSync(path, `${lines.join('\n')}\n`);
  deleteRegistry(dir);
  return at + 1;
}

describe('learn replay --verify', () => {
  it('ends with the state, and looks at nothing but the logs', async () => {
    const { dir, log } = lived();
    writeFileSync(join(dir, STATE_FILE), 'not even JSON');
    const { code, stdout, stderr } = await replay(dir, { verify: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const versions = log.ask((view) => view.recentControls(ACTION.configUpdate, 100)).length;
    const last = log.ask((view) => view.recentControls(ACTION.learningTick, 1))[0]?.line;
    expect(stdout.trimEnd().split('\n')).toEqual([
      `The logs alone give the same: 30 outcomes, ${versions} versions, 0 proposals, 30 ticks, 30 draws.`,
      `state sha256:${stateHash(log.state)} over 30 outcomes, ${versions} versions, as of line ${last}`,
    ]);
    expect(readFileSync(join(dir, STATE_FILE), 'utf8')).toBe('not even JSON');
    // Without a question it is what is done.
    expect((await replay(dir)).stdout).toBe(stdout);
  });

  it('is the same to the byte in another directory, without registry and copy of the state', async () => {
    const { dir } = lived();
    const copy = tempDir();
    copyFileSync(logPath(dir, 'audit'), logPath(copy, 'audit'));
    for (const options of [{ verify: true }, { verify: true, json: true }, { whatIf: ['gamma=0.9'] }]) {
      const here = await replay(dir, options);
      const there = await replay(copy, options);
      deleteRegistry(copy);
      rmSync(join(copy, STATE_FILE), { force: true });
      const anew = await replay(copy, options);
      expect([there, anew]).toEqual([here, here]);
      expect(here.stdout).not.toContain(dir);
    }
  });

  it('changes nothing by looking', async () => {
    const { dir, log } = lived(10);
    log.registry.close();
    await replay(dir);
    // The directory has been touched by SQLite's own files, which are gone again.
    const { files: before } = fingerprintOf(dir) as { files: unknown };
    await replay(dir, { verify: true });
    await replay(dir, { whatIf: 'order=web:a,b,c' });
    expect(fingerprintOf(dir)).toMatchObject({ files: before });
  });

  it('names the line, the entry, what it says and what follows: exit 3', async () => {
    const { dir, log } = lived();
    log.registry.close();
    const at = change(dir, ACTION.learningArms, ({ decision }) => {
      (decision.p as Record<string, number>).a = 0.5;
    });
    const { code, stdout } = await replay(dir, { verify: true });
    expect(code).toBe(3);
    expect(stdout).toMatch(
      new RegExp(`^line ${at}, log_${at}_\\d+: learning_arms of web, decision\\.p\n  says          \\{"a":0\\.5,`),
    );
    expect(stdout).toMatch(/\n {2}what follows {2}\{"a":0\.\d+,/);
    expect(stdout).toMatch(
      /\n1 deviation: the logs do not give what was written down\.\nstate sha256:[0-9a-f]{64} over 30 outcomes/,
    );

    const { verified, schema } = JSON.parse((await replay(dir, { json: true })).stdout);
    expect(schema).toBe('grace.learn_replay/1');
    expect(verified).toMatchObject({ agrees: false, deviating: 1, outcomes: 30 });
    expect(verified.deviations).toMatchObject([
      { line: at, action: 'learning_arms', subject: 'web', field: 'decision.p' },
    ]);
  });

  it('shows no control character of what the log names', async () => {
    const { dir, log } = lived(4, '\u001b[2J\u202eweb');
    log.registry.close();
    change(dir, ACTION.learningArms, ({ decision }) => {
      decision.p = { '\u001b[31m': 0.5 };
    });
    const { code, stdout } = await replay(dir);
    expect(code).toBe(3);
    expect(stdout).toContain('\\u{1b}[2J');
    expect(stdout).not.toMatch(RAW_CONTROL);
  });

  it('has nothing to compute from a log whose beginning was put away: exit 12', async () => {
    const { dir, log } = lived(10);
    log.registry.close();
    const path = logPath(dir, 'audit');
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    const begun = {
      ...JSON.parse(lines[0] ?? ''),
      ...{ entry_id: 'log_21_20260301000000000000', actor: 'grace', action: ACTION.logRotated, resource: 'audit' },
      ...{ decision: {}, metadata: { log: 'audit', first_line: 21 } },
    };
    deleteRegistry(dir);
    writeFileSync(path, `${[line(begun).slice(0, -1), ...lines.slice(21)].join('\n')}\n`);
    const { code, stdout, stderr } = await replay(dir, { verify: true });
    expect({ code, stdout }).toEqual({ code: 12, stdout: '' });
    expect(stderr).toMatch(/^grace: error: what was learned cannot be computed once more: .+ \[GRACE_LOG_GAP\]\n/);
  });

  it('says so, too, where a sealed log was rotated and files are gone', async () => {
    const dir = tempDir();
    const path = logPath(dir, 'audit');
    const keys = { directory: tempDir() };
    const write = async () => {
      const ledger = openLedger(dir, { keys });
      await ledger.transact(() => ({ entries: [auditDraft(), auditDraft()], value: undefined }));
      ledger.close();
    };
    await write();
    renameSync(path, `${path}.1`);
    await write();
    expect((await replay(dir)).code).toBe(0);
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    await write();
    expect((await replay(dir)).code).toBe(0);
    renameSync(`${path}.1`, join(keys.directory, 'away.1'));
    expect(await replay(dir)).toMatchObject({
      code: 12,
      stderr: expect.stringContaining('records are missing, lines '),
    });
    renameSync(`${path}.2`, join(keys.directory, 'away.2'));
    expect(await replay(dir)).toMatchObject({ code: 12, stderr: expect.stringContaining('the first lines of ') });
  });

  it('finds no logs: exit 10, and creates none', async () => {
    const dir = tempDir();
    expect((await replay(dir)).code).toBe(10);
    expect(readdirSync(dir)).toEqual([]);
    expect((await replay(join(dir, 'nowhere'))).code).toBe(10);
  });

  it('has nothing against logs in which nothing was learned', async () => {
    const { dir } = lived(0);
    writeFileSync(logPath(dir, 'audit'), line({ ...AUDIT, action: 'drill_started' }));
    expect(await replay(dir)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('over 0 outcomes, 0 versions, as of line 0'),
    });
  });
});

const AUDIT: AuditEntry = {
  ...{ entry_id: 'log_1', timestamp: '2026-03-01T00:00:00.000Z', actor: 'grace' },
  ...{ action: '', resource: 'r', decision: {}, metadata: {} },
};

describe('learn replay --what-if', () => {
  it('answers an order with its interval, and how much that rests on', async () => {
    const { dir } = lived(120);
    const { code, stdout } = await replay(dir, { whatIf: ['order=web:a,b,c'] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^web in the order a, then b, then c: recovers in .+ on average \(95 %: .+ to .+\)\.\n/);
    expect(stdout).toMatch(/\n {2}As they were served, the same incidents took .+ on average\.\n/);
    expect(stdout).toMatch(/120 of 120 incidents might have been handled so, and \d+ show what it would have done/);
    expect(stdout).not.toContain('state sha256');
    const json = JSON.parse((await replay(dir, { whatIf: 'order=a,b,c', check: 'web', json: true })).stdout);
    expect(json).toMatchObject({ schema: 'grace.learn_replay/1', verified: null });
    expect(json.what_if).toMatchObject([{ kind: 'order', check: 'web', order: ['a', 'b', 'c'], answered: true }]);
    expect(json.what_if[0].asked.low).toBeLessThan(json.what_if[0].asked.mean);
  });

  it('refuses what too few incidents tell of, and what was never served: exit 3', async () => {
    const { dir } = lived(20);
    const few = await replay(dir, { whatIf: ['order=web:a,b,c'] });
    expect(few.code).toBe(3);
    expect(few.stdout).toMatch(
      /too little to say anything\.\n.+as much as [\d.]+ drawn evenly, and at least 20 are needed\.\n$/,
    );
    const never = await replay(dir, { whatIf: ['order=web:c,z'] });
    expect(never).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('it was never served, so nothing is known of it'),
    });
    expect(JSON.parse((await replay(dir, { whatIf: 'order=web:c,z', json: true })).stdout).what_if).toMatchObject([
      { answered: false, asked: null, possible: 0 },
    ]);
  });

  it('answers another discount for each check, and says that the world is not replayed', async () => {
    const { dir } = lived(30);
    const { code, stdout } = await replay(dir, { whatIf: ['gamma=0.9', 'gamma=1'], verify: true });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^gamma 0\.9, over 30 outcomes and 30 ticks:\n {2}web would try .+\n {4}expected .+\n {4}its order would have been changed /,
    );
    expect(stdout.match(/This replays decisions, not the world/g)).toHaveLength(2);
    expect(stdout).toContain('\nstate sha256:');
    expect((await replay(dir, { whatIf: 'gamma=0.9', check: 'nowhere' })).code).toBe(2);
  });

  it('says how a question is put: exit 2', async () => {
    const { dir } = lived(0);
    for (const whatIf of ['', 'order=a,b', 'gamma=2', 'alpha=1']) {
      const { code, stderr } = await replay(dir, { whatIf });
      expect(code).toBe(2);
      expect(stderr).toContain('grace: hint: grace learn replay --what-if order=web:restart-web,clear-cache');
    }
    expect((await replay(dir, { check: 'web' })).code).toBe(2);
  });
});
