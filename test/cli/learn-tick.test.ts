import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/core/ledger.js';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import { NOTHING_SEEN } from '../../src/healing/engine/soft-state.js';
import { ProbeStore } from '../../src/healing/probe-store.js';
import { STATE_FILE } from '../../src/learning/state/state-cache.js';
import { besidesSeal, dropRegistry } from '../support/cli.js';
import { type HealHost, healHost, hostAt, hostDir } from '../support/heal-host.js';
import { learningConfig, ledgerOf, restartsWorked, writeEpisodes } from '../support/learn-logs.js';

function hostWith(learning: object = { mode: 'propose' }): { host: HealHost; ledger: Ledger } {
  const host = healHost();
  host.configure(learningConfig(learning));
  return { host, ledger: ledgerOf(host) };
}

const tick = (host: HealHost, ...more: string[]) => host.grace(['learn', 'tick', '--logs', host.logs, ...more]);
const auditText = (host: HealHost) => readFileSync(join(host.logs, 'immutable_audit.jsonl'), 'utf8');
const cacheOf = (host: HealHost) => JSON.parse(readFileSync(join(host.logs, STATE_FILE), 'utf8'));
const learnedFrom = (host: HealHost) => host.audit('outcome_learned').map(({ metadata }) => metadata.opening);
const openingsOf = (host: HealHost) => host.audit('incident_opened').map(({ entry_id }) => entry_id);

/** The state that a tick says it left, computed without the file. */
async function stateWithoutFile(host: HealHost): Promise<unknown> {
  rmSync(join(host.logs, STATE_FILE), { recursive: true, force: true });
  const { stdout } = await tick(host, '--json');
  return JSON.parse(stdout).state;
}

async function expectSilent(run: Promise<{ code: number | null; stdout: string; stderr: string }>): Promise<void> {
  const { code, stdout, stderr } = await run;
  expect([code, stdout, stderr]).toEqual([0, '', '']);
}

describe('learn tick', () => {
  it('is silent where there is nothing to do', async () => {
    const { host, ledger } = hostWith();
    await ledger.recover();
    const before = auditText(host);
    for (let i = 0; i < 3; i++) await expectSilent(tick(host));
    expect(auditText(host)).toBe(before);
    const { code, stdout } = await tick(host, '-v');
    expect([code, stdout]).toEqual([0, 'there is nothing to do\n']);
  });

  it('proposes, and applies nothing', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, restartsWorked(3));
    const { code, stdout, stderr } = await tick(host);
    expect([code, stderr]).toEqual([0, '']);
    const [learned, proposed, ...rest] = stdout.split('\n');
    expect(learned).toBe('learned from 3 incidents');
    expect(proposed).toBe(`p1 proposed: web would try restart first: grace learn explain p1 --logs ${host.logs}`);
    expect(rest).toEqual(['']);
    expect(learnedFrom(host)).toEqual(openingsOf(host));
    expect(host.audit('config_update')).toEqual([]);
    // Nothing that is served differs from what the author wrote.
    const arms = host.audit('learning_arms').at(-1)?.decision;
    expect(arms).toMatchObject({ incumbent: ['reload', 'restart'], candidate: ['reload', 'restart'] });
    const said = host.audit();
    await expectSilent(tick(host));
    expect(host.audit()).toEqual(said);
  });

  it('applies what it may, and says what allowed it', async () => {
    const { host, ledger } = hostWith({ mode: 'apply' });
    await writeEpisodes(ledger, restartsWorked(3));
    const { stdout } = await tick(host, '--json');
    const said = JSON.parse(stdout);
    expect(said).toEqual({
      ...{ schema: 'grace.learn_tick/1', outcomes: 3, left_out: 0, proposed: [], rolled_back: [], withdrawn: [] },
      ...{ applied: ['v1: web tries restart first'], state: expect.stringMatching(/^[0-9a-f]{64}$/) },
      tick: host.audit('learning_tick').at(-1)?.entry_id,
    });
    expect(host.audit('config_update').map(({ decision }) => decision)).toMatchObject([
      { version: 1, kind: 'order', check: 'web', from: ['reload', 'restart'], to: ['restart', 'reload'] },
    ]);
    const [, said2] = (await rulesOf(host)).split('\n');
    expect(said2).toMatch(/^v1: web tries restart first \(auto-approved: built in.*\)$/);
    // All of it is tasks that have come to their end.
    const tasks = host.audit('task_registered', 'task_completed').map(({ action, resource }) => [action, resource]);
    const ids = [...new Set(tasks.map(([, id]) => id))];
    expect(ids.sort()).toEqual(['config_update_v1', expect.stringMatching(/^learning_tick_/)]);
    expect(tasks).toHaveLength(4);
  });

  /** The same on a copy, in words. */
  async function rulesOf(host: HealHost): Promise<string> {
    const other = healHost();
    other.configure(readFileSync(host.config, 'utf8'));
    await writeEpisodes(ledgerOf(other), restartsWorked(3));
    return (await tick(other)).stdout;
  }

  it('does nothing where learning is off', async () => {
    const { host, ledger } = hostWith({ mode: 'off' });
    await writeEpisodes(ledger, restartsWorked(3));
    ledger.close();
    const [files, text] = [readdirSync(host.logs), auditText(host)];
    await expectSilent(tick(host));
    const { stdout } = await tick(host, '--verbose');
    expect(stdout).toBe('learning is off in grace.yaml\n');
    expect([readdirSync(host.logs), auditText(host)]).toEqual([files, text]);
    expect(JSON.parse((await tick(host, '--json')).stdout)).toMatchObject({ outcomes: 0, state: null, tick: null });
  });

  it('needs a grace.yaml', async () => {
    const host = healHost();
    const { code, stderr } = await tick(host);
    expect([code, stderr]).toEqual([2, expect.stringContaining('[GRACE_NO_CONFIG]')]);
    expect(readdirSync(host.logs)).toEqual([]);
  });

  it('waits until the relapse window has closed, and then does not wait', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, restartsWorked(1, 0, { relapse_s: 5, ended_ago_s: 1 }));
    const began = performance.now();
    await expectSilent(tick(host));
    await expectSilent(tick(host));
    expect(performance.now() - began).toBeLessThan(3500);
    await sleep(4100 - (performance.now() - began));
    expect((await tick(host)).stdout).toBe('learned from 1 incident\n');
  });

  it('proposes another confirm count, once, and takes it back when it has been written', async () => {
    const { host, ledger } = hostWith({ mode: 'apply' });
    const config = JSON.parse(readFileSync(host.config, 'utf8'));
    const written = (confirm: string) => ({
      ...config,
      checks: { web: { ...config.checks.web, confirm, every: '10s' } },
    });
    host.configure(written('1 of 1'));
    await ledger.recover();
    const store = new ProbeStore(host.logs, { write: true });
    for (let i = 0; i < 60; i++) {
      const at = new Date(Date.now() - (60 - i) * 10_000).toISOString();
      const status = i % 12 === 6 ? 'critical' : 'ok';
      store.keep('web', NOTHING_SEEN, { name: 'web', at, status, duration_s: 0.01, summary: '', perfdata: null });
    }
    store.close();
    expect((await tick(host)).stdout).toMatch(
      /^p1 proposed: web would have \d of \d, not 1 of 1: grace learn explain p1 .*\n$/,
    );
    // Also in ticks that do not look at the probes again, it stands.
    await expectSilent(tick(host));
    await ledger.transact(() => ({ entries: [NOTE], value: undefined }));
    await expectSilent(tick(host));
    await writeEpisodes(ledger, restartsWorked(1));
    expect((await tick(host)).stdout).toBe('learned from 1 incident\n');
    expect(host.audit('change_proposed', 'change_withdrawn')).toHaveLength(1);
    host.configure(written('3 of 5'));
    expect((await tick(host)).stdout).toMatch(/^p1 withdrawn: /);
    expect(host.audit('config_update')).toEqual([]);
  });

  it('learns nothing from a log with a gap, and changes nothing', async () => {
    const { host, ledger } = hostWith();
    const path = (end = '') => join(host.logs, `immutable_audit.jsonl${end}`);
    await writeEpisodes(ledger, restartsWorked(1));
    renameSync(path(), path('.2'));
    await writeEpisodes(ledger, restartsWorked(1, 1));
    renameSync(path(), path('.1'));
    await writeEpisodes(ledger, restartsWorked(1, 2));
    ledger.close();
    const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n').length;
    const [from, to] = [lines(path('.2')) + 1, lines(path('.2')) + lines(path('.1'))];
    rmSync(path('.1'));
    // The loss of bytes that had been read is written down by whoever writes next; it is no change by learning.
    await host.grace(['registry', 'sync', '--logs', host.logs]);
    const before = auditText(host);
    const { code, stdout, stderr } = await tick(host);
    expect([code, stdout]).toEqual([12, '']);
    expect(stderr).toContain(
      `lines ${from} to ${to} of immutable_audit.jsonl: nothing was learned, and nothing was changed`,
    );
    expect(stderr).toContain('[GRACE_LOG_GAP]');
    expect(auditText(host)).toBe(before);
  });

  it('says what the ledger says', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, restartsWorked(1));
    ledger.close();
    const seal = (name: string) => join(host.logs, 'immutable_audit.tlog', name);
    rmSync(seal('checkpoint'));
    const notes = readFileSync(seal('checkpoints'), 'utf8');
    writeFileSync(seal('checkpoints'), notes.replaceAll(/^(\d+)$/gm, '9$1'));
    rmSync(seal('position'));
    const before = auditText(host);
    const { code, stdout, stderr } = await tick(host);
    expect([code, stdout]).toEqual([12, '']);
    expect(stderr).toContain('[GRACE_AUDIT_FAILED]');
    expect(auditText(host)).toBe(before);
  });

  it('says that another account owns the logs', async () => {
    if (process.geteuid?.() !== 0) return;
    const { host, ledger } = hostWith();
    await ledger.recover();
    for (let i = 0; i < 3; i++) await tick(host);
    const before = auditText(host);
    // The file says that nothing has changed, and it has: who asks is another one.
    chmodSync(host.dir, 0o755);
    chmodSync(host.logs, 0o755);
    for (const name of readdirSync(host.logs)) chmodSync(join(host.logs, name), 0o755);
    const { code, stderr } = await host.grace(['learn', 'tick', '--logs', host.logs], { uid: 65_534 });
    expect(code).toBe(4);
    expect(stderr).toMatch(/GRACE_(NOT_OWNER|CONFIG_UNTRUSTED)/);
    expect(auditText(host)).toBe(before);
  });
});

describe('the file beside the logs', () => {
  async function learned() {
    const { host, ledger } = hostWith({ mode: 'apply' });
    await writeEpisodes(ledger, restartsWorked(4));
    await tick(host);
    await writeEpisodes(ledger, restartsWorked(2, 4));
    await tick(host);
    return { host, ledger };
  }

  it('may be deleted', async () => {
    const { host } = await learned();
    const [before, text] = [cacheOf(host), auditText(host)];
    expect(await stateWithoutFile(host)).toBe(before.sha256);
    expect(cacheOf(host).sha256).toBe(before.sha256);
    expect(cacheOf(host).state).toEqual(before.state);
    expect(auditText(host)).toBe(text);
  });

  it('cannot hold another state', async () => {
    const { host } = await learned();
    const { sha256, state } = cacheOf(host);
    const forged = { ...state, outcomes: 1000, checks: {} };
    for (const change of [{ state: forged }, { state: forged, sha256: '0'.repeat(64) }, { line: 1 }]) {
      writeFileSync(join(host.logs, STATE_FILE), JSON.stringify({ ...cacheOf(host), ...change, seen: null }));
      expect(JSON.parse((await tick(host, '--json')).stdout).state).toBe(sha256);
    }
    expect(cacheOf(host).state).toEqual(state);
  });

  it('need not be there', async () => {
    const { host, ledger } = await learned();
    rmSync(join(host.logs, STATE_FILE));
    mkdirSync(join(host.logs, STATE_FILE));
    await expectSilent(tick(host));
    await writeEpisodes(ledger, restartsWorked(1, 9));
    const { code, stdout, stderr } = await tick(host);
    expect([code, stdout, stderr]).toEqual([0, 'learned from 1 incident\n', '']);
    rmSync(join(host.logs, STATE_FILE), { recursive: true });
    expect(JSON.parse((await tick(host, '--json')).stdout).state).toBe(
      host.audit('learning_tick').at(-1)?.metadata.state,
    );
  });
});

describe('a tick that has nothing to do', () => {
  /** A tick that looks at the logs builds their registry; one that knows that nothing has changed leaves it alone. */
  async function looks(host: HealHost, ...more: string[]): Promise<boolean> {
    dropRegistry(host.logs);
    const { code } = await tick(host, ...more);
    expect(code).toBe(0);
    return existsSync(join(host.logs, 'registry.db'));
  }

  async function settled() {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, [...restartsWorked(2), ...restartsWorked(1, 2, { relapse_s: 5000 })]);
    for (let i = 0; i < 3; i++) await tick(host);
    expect(await looks(host)).toBe(false);
    return { host, ledger };
  }

  it('does not look again', async () => {
    const { host } = await settled();
    expect(await looks(host)).toBe(false);
    // Who wants to know is told what is so.
    expect(await looks(host, '--json')).toBe(true);
  });

  const inFuture = (host: HealHost, change: object) => {
    const cached = cacheOf(host);
    const [head] = [{ schema: cached.schema, advised: cached.advised, seen: { ...cached.seen, ...change } }];
    const { line, sha256, first, state } = cached;
    const text = `${JSON.stringify(head).slice(0, -1)},\n${JSON.stringify({ line, sha256, first, state }).slice(1)}\n`;
    writeFileSync(join(host.logs, STATE_FILE), text);
  };

  it.each<[string, (host: HealHost, ledger: Ledger) => unknown, boolean?]>([
    ['its own file is written as it was', (host) => inFuture(host, {}), false],
    ['an entry is added', (_, ledger) => ledger.transact(() => ({ entries: [NOTE], value: undefined }))],
    ['somebody appends to the audit log', (host) => appendFileSync(join(host.logs, 'immutable_audit.jsonl'), '\n')],
    ['somebody appends to the incidents', (host) => appendFileSync(join(host.logs, 'incidents.jsonl'), '{}\n')],
    ['grace.yaml has another byte', (host) => appendFileSync(host.config, '\n')],
    ['grace.yaml has other rights', (host) => chmodSync(host.config, 0o600)],
    ['its directory has other rights', (host) => chmodSync(host.dir, 0o750)],
    ['the directory of the logs has other rights', (host) => chmodSync(host.logs, 0o700)],
    ['something was put beside the seal', (host) => writeFileSync(join(host.logs, 'immutable_audit.tlog/x'), '')],
    ['a relapse window closes', (host) => inFuture(host, { until: { elapsed_s: 0, ms: 1e15 } })],
    ['it closes by the dates', (host) => inFuture(host, { until: { elapsed_s: 1e12, ms: 1 } })],
    ['the clock was set back', (host) => inFuture(host, { from_ms: 1e15 })],
    ['the host was started anew', (host) => inFuture(host, { boot_id: 'another' })],
    ['other inputs were seen', (host) => inFuture(host, { inputs: 'x' })],
    ['the file is gone', (host) => rmSync(join(host.logs, STATE_FILE))],
    ['the file is nonsense', (host) => writeFileSync(join(host.logs, STATE_FILE), '{"schema"')],
  ])('%s', async (_, change, isLooked = true) => {
    const { host, ledger } = await settled();
    await change(host, ledger);
    expect(await looks(host)).toBe(isLooked);
  });

  it('looks when the logs were rotated, or an older file is gone', async () => {
    const { host, ledger } = await settled();
    const path = join(host.logs, 'immutable_audit.jsonl');
    renameSync(path, `${path}.1`);
    await ledger.transact(() => ({ entries: [NOTE], value: undefined }));
    for (let i = 0; i < 3; i++) await tick(host);
    expect(await looks(host)).toBe(false);
    renameSync(`${path}.1`, `${path}.2`);
    expect(await looks(host)).toBe(true);
  });

  it('looks with another grace.yaml, and with other words for the same', async () => {
    const { host } = await settled();
    const other = host.write('other.yaml', readFileSync(host.config, 'utf8'));
    expect(await looks(host, '--config', other)).toBe(true);
    const copy = join(host.dir, 'copy');
    cpSync(host.logs, copy, { recursive: true });
    // The same bytes in another place are another log.
    dropRegistry(copy);
    await host.grace(['learn', 'tick', '--logs', copy]);
    expect(existsSync(join(copy, 'registry.db'))).toBe(true);
  });

  it('finds the logs that grace.yaml names', async () => {
    const host = healHost();
    host.configure(learningConfig({ mode: 'propose' }, { logs: 'logs' }));
    const text = (logs: string) => JSON.stringify(learningConfig({ mode: 'propose' }, { logs }));
    const run = async () => {
      dropRegistry(host.logs);
      await host.grace(['learn', 'tick'], { cwd: '/' });
      return existsSync(join(host.logs, 'registry.db'));
    };
    // As nearly everybody spells it, a quick look finds it.
    const yaml = (logs: string) => `logs: ${logs}\nlearning: { mode: propose }\nversion: 1\n`;
    for (const config of [yaml('logs'), yaml(host.logs), yaml("'logs'"), text('logs')]) {
      host.configure(config);
      for (let i = 0; i < 3; i++) await run();
      expect(await run(), config).toBe(false);
    }
    // In any other spelling it looks, and is right.
    for (const config of [yaml('|-\n  logs'), yaml('"l\\u006fgs"')]) {
      host.configure(config);
      for (let i = 0; i < 3; i++) await run();
      expect(await run(), config).toBe(true);
    }
  });
});

const NOTE = { actor: 'operator:x', action: 'note', resource: 'x', decision: {}, metadata: {} };

describe('many hands', () => {
  it('ten ticks at once learn each outcome once', async () => {
    const { host, ledger } = hostWith({ mode: 'apply' });
    await writeEpisodes(ledger, restartsWorked(25));
    ledger.close();
    const runs = await Promise.all(Array.from({ length: 10 }, () => tick(host)));
    expect(runs.map(({ code, stderr }) => [code, besidesSeal(stderr)])).toEqual(runs.map(() => [0, '']));
    expect(runs.filter(({ stdout }) => stdout !== '')).toHaveLength(1);
    expect(learnedFrom(host)).toEqual(openingsOf(host));
    expect(await stateWithoutFile(host)).toBe(host.audit('learning_tick').at(-1)?.metadata.state);
  });

  it('a tick that is killed again and again loses nothing, and does nothing twice', async () => {
    const dir = hostDir();
    const [disturbed, quiet] = [hostAt(dir, 'disturbed'), hostAt(dir, 'quiet')];
    disturbed.configure(learningConfig({ mode: 'apply' }));
    const ledger = ledgerOf(disturbed);
    // More than are learned from in one go.
    await writeEpisodes(ledger, restartsWorked(700));
    ledger.close();
    cpSync(disturbed.logs, quiet.logs, { recursive: true });

    let [ended, cutOff] = [0, 0];
    for (let i = 0; i < 30; i++) {
      const running = disturbed.start(['learn', 'tick', '--logs', disturbed.logs]);
      await sleep(60 + Math.random() * 700);
      running.child.kill('SIGKILL');
      if ((await running.ended).code === 0) ended++;
      else if (learnedFrom(disturbed).length < 700) cutOff++;
    }
    expect((await tick(disturbed)).code).toBe(0);
    expect((await tick(quiet)).code).toBe(0);
    expect(ended).toBeLessThan(30);
    expect(cutOff).toBeGreaterThan(0);

    const openings = openingsOf(disturbed);
    expect(openings).toHaveLength(700);
    expect(learnedFrom(disturbed)).toEqual(openings);
    const last = (host: HealHost): AuditEntry['metadata'] | undefined => host.audit('learning_tick').at(-1)?.metadata;
    expect(last(disturbed)?.state).toBe(last(quiet)?.state);
    expect(await stateWithoutFile(disturbed)).toBe(last(disturbed)?.state);
    expect(cacheOf(disturbed).state).toEqual(cacheOf(quiet).state);
    // What was left aside is not kept for ever, and never taken for the file.
    expect(readdirSync(disturbed.logs).filter((name) => name.startsWith(STATE_FILE)).length).toBeLessThan(31);
  }, 120_000);
});
