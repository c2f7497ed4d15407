import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dropRegistry } from '../support/cli.js';
import { type HealHost, healHost } from '../support/heal-host.js';
import { learningConfig, ledgerOf, restartsWorked, writeEpisodes } from '../support/learn-logs.js';

const path = (host: HealHost) => join(host.logs, 'immutable_audit.jsonl');
const text = (host: HealHost) => readFileSync(path(host), 'utf8');
const run = (host: HealHost, ...args: string[]) => host.grace([...args, '--logs', host.logs]);

async function hostWith(episodes: number, from = 0) {
  const host = healHost();
  host.configure(learningConfig({ mode: 'propose' }));
  const ledger = ledgerOf(host);
  await writeEpisodes(ledger, restartsWorked(episodes, from));
  ledger.close();
  return host;
}

/** In place: the same bytes but for these, and none more or less. */
function swapped(host: HealHost, one: string, other: string): void {
  const mark = '\u0000'.repeat(one.length);
  const changed = text(host).replaceAll(one, mark).replaceAll(other, one).replaceAll(mark, other);
  expect(changed).not.toBe(text(host));
  writeFileSync(path(host), changed);
  dropRegistry(host.logs);
}

describe('an audit log that is not what was sealed', () => {
  it('teaches nothing: remedies that failed and are said to have worked', async () => {
    const host = await hostWith(12);
    swapped(host, '"outcome":"failed"', '"outcome":"worked"');
    const before = text(host);
    const { code, stdout, stderr } = await run(host, 'learn', 'tick');
    expect([code, stdout]).toEqual([12, '']);
    expect(stderr).toMatch(/nothing was learned: AUDIT LOG TAMPERED.*\[GRACE_AUDIT_FAILED\]/);
    expect(stderr).toContain('grace evidence audit');
    expect(text(host)).toBe(before);
  });

  it('decides nothing, verifies nothing, and shows no effect', async () => {
    const host = await hostWith(12);
    expect((await run(host, 'learn', 'tick')).stdout).toContain('p1 proposed');
    swapped(host, '"act_s":1,', '"act_s":2,');
    for (const args of [
      ['learn', 'approve', 'p1'],
      ['learn', 'reject', 'p1', '--reason', 'no'],
      ['learn', 'replay', '--verify'],
    ]) {
      const { code, stderr } = await run(host, ...args);
      expect([args[1], code, stderr]).toEqual([args[1], 12, expect.stringContaining('[GRACE_AUDIT_FAILED]')]);
    }
    // As most editors do it: it is another file, in which nothing was verified yet.
    writeFileSync(`${path(host)}.new`, text(host));
    renameSync(`${path(host)}.new`, path(host));
    const { claims } = JSON.parse((await run(host, 'evidence', 'learning', '--json')).stdout);
    const effect = claims.find(({ id }: { id: string }) => id === 'learning_effect');
    expect(effect).toMatchObject({ verdict: 'FAIL', reasons: [expect.stringContaining('TAMPERED')] });
  });

  it('that was emptied, or taken away, gives no state of nothing', async () => {
    for (const spoil of [(at: string) => writeFileSync(at, ''), (at: string) => rmSync(at)]) {
      const host = await hostWith(6);
      await run(host, 'learn', 'tick');
      spoil(path(host));
      dropRegistry(host.logs);
      const { code, stdout } = await run(host, 'learn', 'replay', '--verify');
      expect([code, stdout]).toEqual([12, '']);
    }
  });

  it('whose end was cut off is not said to lack its beginning', async () => {
    const host = await hostWith(6);
    await run(host, 'learn', 'tick');
    writeFileSync(path(host), text(host).trimEnd().split('\n').slice(0, -1).join('\n').concat('\n'));
    const { code, stderr } = await run(host, 'learn', 'tick');
    expect(code).toBe(12);
    expect(stderr).toMatch(/GRACE_AUDIT_FAILED|GRACE_SEAL_BROKEN/);
    expect(stderr).not.toContain('line 1');
  });
});

it('a wait is not approved that its author has ruled out since', async () => {
  const host = await hostWith(12);
  await run(host, 'learn', 'tick');
  const open = JSON.parse((await run(host, 'learn', 'proposals', '--json')).stdout).proposals;
  const wait = open.find(({ kind }: { kind: string }) => kind === 'wait');
  const config = learningConfig({ mode: 'propose' }) as { playbooks: Record<string, { verify?: object }> };
  const playbook = config.playbooks[wait.playbook];
  if (playbook) playbook.verify = { ...playbook.verify, within: '30s', at_least: '29s', at_most: '31s' };
  host.configure(config);
  const { code, stderr } = await run(host, 'learn', 'approve', wait.id);
  expect([code, stderr]).toEqual([4, expect.stringMatching(/lies outside 29 s to 31 s.*\[GRACE_CHANGE_REFUSED\]/)]);
});
