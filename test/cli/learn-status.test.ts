import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LearnStatus } from '../../src/cli/learn-status-text.js';
import { ORDER_SETTING } from '../../src/learning/order/setting.js';
import { STATE_FILE } from '../../src/learning/state/state-cache.js';
import { type HealHost, healHost } from '../support/heal-host.js';
import { learningConfig, ledgerOf, restartsWorked, writeEpisodes } from '../support/learn-logs.js';
import { fingerprintOf } from '../support/temp-dir.js';

const status = (host: HealHost, ...more: string[]) => host.grace(['learn', 'status', '--logs', host.logs, ...more]);
const tick = (host: HealHost) => host.grace(['learn', 'tick', '--logs', host.logs]);

async function json(host: HealHost): Promise<LearnStatus & { schema: string }> {
  const { code, stdout } = await status(host, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

function hostWith(learning: object = { mode: 'propose' }) {
  const host = healHost();
  host.configure(learningConfig(learning));
  return { host, ledger: ledgerOf(host) };
}

describe('learn status', () => {
  it('needs logs', async () => {
    const host = healHost();
    host.configure(learningConfig());
    const { code, stdout, stderr } = await status(host);
    expect([code, stdout]).toEqual([10, '']);
    expect(stderr).toContain('[GRACE_NO_LOGS]');
    expect(readdirSync(host.logs)).toEqual([]);
  });

  it('says what can be learned from, what waits, and what to type', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, [
      ...restartsWorked(2, 0, { ended_ago_s: 300 }),
      ...restartsWorked(1, 2, { relapse_s: 4000, ended_ago_s: 100 }),
      { id: 'open', tried: [{ playbook: 'reload', outcome: 'failed' }] },
    ]);
    const { stdout } = await status(host);
    expect(stdout).toContain('Learning proposes, and applies nothing by itself (mode propose).\n');
    expect(stdout).toMatch(/^Over and not learned from yet: 2 episodes, the longest for 5 min.*\.$/m);
    expect(stdout).toMatch(/^May still relapse: 1 episode, the first until .+ \(in 1 h 5 min\)\.$/m);
    expect(stdout).toContain('Not over yet: 1 episode.\n');
    expect(stdout).toContain(`Next: grace learn tick --logs ${host.logs}\n`);
    const said = await json(host);
    expect(said).toMatchObject({ schema: 'grace.learn_status/1', mode: 'propose', holdout: 0.2, outcomes: 0 });
    expect(said.waiting).toMatchObject({ ready: 2, settling: 1, open: 1 });
    expect(said.waiting.settles_in_s).toBeGreaterThan(3890);
    expect(said.waiting.settles_in_s).toBeLessThanOrEqual(3900);
    expect([said.last_tick, said.lateness, said.learning_since, said.mode_since]).toEqual([null, null, null, null]);
  });

  it('shows what is in force, and since when', async () => {
    const { host, ledger } = hostWith({ mode: 'apply', holdout: '10%' });
    await writeEpisodes(ledger, restartsWorked(5, 0, { ended_ago_s: 90 }));
    await tick(host);
    const { stdout } = await status(host);
    const [from] = host.audit('outcome_learned');
    const since = from?.timestamp.replace('T', ' ').replace(/\..*/, 'Z');
    expect(stdout).toContain(`(mode apply since ${since}).\n5 outcomes learned from since ${since}.\n`);
    expect(stdout).toContain(
      "web: 5 outcomes, v1\n  the author's  reload, then restart\n  in force      restart, then reload\n",
    );
    expect(stdout).toContain("held out      10 % of incidents run in the author's order");
    expect(stdout).not.toContain('Next:');
    const said = await json(host);
    expect(said.checks).toEqual([
      {
        ...{ check: 'web', learn: true, authors: ['reload', 'restart'], in_force: ['restart', 'reload'] },
        ...{ tried: null, holdout: 0.1, version: 1, outcomes: 5, waits: [], held: false },
      },
    ]);
    expect(said.last_tick?.entry_id).toBe(host.audit('learning_tick').at(-1)?.entry_id);
    expect(said.lateness?.n).toBe(5);
    expect(said.lateness?.median_s).toBeGreaterThan(89);
    expect(said.lateness?.most_s).toBeLessThan(120);
    expect(said.next).toBeNull();
  });

  it('shows what is being tried, and how often', async () => {
    const { host, ledger } = hostWith({ mode: 'apply', holdout: '0%' });
    await writeEpisodes(ledger, restartsWorked(1));
    await tick(host);
    const [one] = (await json(host)).checks;
    // One incident is too little for a version: it is tried in a share of all.
    expect(one).toMatchObject({ version: null, in_force: ['reload', 'restart'] });
    expect(one?.tried).toEqual({ order: ['restart', 'reload'], probability: ORDER_SETTING.explore });
    expect((await status(host)).stdout).toContain(
      `being tried   restart, then reload (${ORDER_SETTING.explore * 100} % of incidents)`,
    );
    // What is only proposed is never tried.
    host.configure(learningConfig({ mode: 'propose' }));
    expect((await json(host)).checks[0]).toMatchObject({ tried: null, holdout: 0 });
  });

  it("shows the author's order where another list stands in grace.yaml, or learning is off", async () => {
    const { host, ledger } = hostWith({ mode: 'apply' });
    await writeEpisodes(ledger, restartsWorked(5));
    await tick(host);
    host.configure(learningConfig({ mode: 'off' }));
    expect((await json(host)).checks[0]).toMatchObject({ in_force: ['reload', 'restart'], version: null, holdout: 0 });
    expect((await status(host)).stdout).toMatch(/^Learning is off/);
    const config = JSON.parse(JSON.stringify(learningConfig({ mode: 'apply' })));
    config.checks.web.heal = ['restart'];
    host.configure(config);
    expect((await json(host)).checks[0]).toMatchObject({ authors: ['restart'], in_force: ['restart'], version: null });
  });

  it('says that proposals wait, and how to see them', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, restartsWorked(4));
    await tick(host);
    const { stdout } = await status(host);
    expect(stdout).toContain('Waiting for a person: 1 proposal.\n');
    expect(stdout).toContain(`Next: grace learn proposals --logs ${host.logs}\n`);
    expect((await json(host)).proposals).toEqual({ open: 1 });
  });

  it('changes nothing, and says the same without the file beside the logs', async () => {
    const { host, ledger } = hostWith({ mode: 'apply' });
    await writeEpisodes(ledger, restartsWorked(3));
    await tick(host);
    ledger.close();
    await status(host);
    const names = (dir: string) => readdirSync(dir).filter((name) => !name.startsWith('registry.db'));
    const [before, said] = [names(host.logs), (await json(host)).checks];
    const text = host.lines('logs/immutable_audit.jsonl');
    rmSync(join(host.logs, STATE_FILE));
    expect((await json(host)).checks).toEqual(said);
    expect(names(host.logs)).toEqual(before.filter((name) => name !== STATE_FILE));
    expect(host.lines('logs/immutable_audit.jsonl')).toEqual(text);
    if (process.geteuid?.() !== 0) return;
    // Somebody who may only look leaves every byte as it was.
    chmodSync(host.dir, 0o755);
    for (const name of readdirSync(host.dir, { recursive: true })) chmodSync(join(host.dir, String(name)), 0o755);
    const seen = fingerprintOf(host.logs);
    for (const word of [[], ['--json']]) {
      const run = await host.grace(['learn', 'status', '--logs', host.logs, ...word], { uid: 65_534 });
      expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('a temporary registry')]);
      expect(run.stdout).toContain('restart');
    }
    expect(fingerprintOf(host.logs)).toEqual(seen);
  });

  it('shows what a grace.yaml that cannot be read does not hide', async () => {
    const { host, ledger } = hostWith();
    await writeEpisodes(ledger, restartsWorked(1));
    host.configure('version: [');
    const { code, stdout } = await status(host);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^There is no grace.yaml that can be read/);
    expect(stdout).toContain('Over and not learned from yet: 1 episode');
  });
});
