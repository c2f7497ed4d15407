import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, processContext } from '../../src/cli/context.js';
import { type LearningBounds, learnedFacts } from '../../src/cli/evidence-learning-facts.js';
import { type EvidenceOptions, runEvidence } from '../../src/cli/evidence-run.js';
import { LOG_FILE } from '../../src/core/journal/log-files.js';
import type { AuditDraft, AuditEntry } from '../../src/core/records/audit-entry.js';
import type { JsonObject } from '../../src/core/records/json.js';
import { controlView } from '../../src/core/registry/queries/control.js';
import { outcomeEntry, outcomeOf } from '../../src/learning/outcome/outcome-of.js';
import { checkpointOf, foldOn, writeCached } from '../../src/learning/state/state-cache.js';
import { stateHash } from '../../src/learning/state/state-hash.js';
import { ROOT } from '../support/cli.js';
import { line, newAudit, newIncident, oldAudit, writeBound } from '../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../support/registry.js';
import { openSealed, sealedDir } from '../support/sealed.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';
import { fakeOut } from './output/fake-out.js';

const PROCESS = processContext(ROOT);
/** Of the first entry. */
const BEGAN = Date.parse('2026-11-20T08:00:00Z');
const BOOT = 'boot-of-the-log';
const DRAWN = { arm: 'incumbent', propensity: 0.8, order: ['restart', 'reload'], holdout_share: 0.2, frozen: false };

/** Logs that are written as grace does: by one clock, each entry a second after the one before it unless time passes. */
class Host {
  readonly dir = join(tempDir(), 'logs');
  #s = 0;
  #n = 0;

  constructor() {
    mkdirSync(this.dir);
    writeFileSync(join(this.dir, LOG_FILE.audit), '');
    writeFileSync(join(this.dir, LOG_FILE.incidents), '');
  }

  get now() {
    return { boot_id: BOOT, elapsed_s: this.#s, ms: BEGAN + this.#s * 1000 };
  }

  pass(s: number): void {
    this.#s += s;
  }

  write(change: Partial<AuditEntry>, more: JsonObject = {}): string {
    this.#s++;
    const { elapsed_s, ms } = this.now;
    const entry_id = change.entry_id ?? `e${++this.#n}`;
    const metadata = { ...change.metadata, ...more, clock: { boot_id: BOOT, elapsed_s } };
    const entry = newAudit({ ...change, entry_id, timestamp: new Date(ms).toISOString(), metadata });
    writeFileSync(join(this.dir, LOG_FILE.audit), line(entry), { flag: 'a' });
    return entry_id;
  }

  draft({ actor, action, resource, decision, metadata }: AuditDraft): void {
    this.write({ actor, action, resource, decision, metadata });
  }

  incident(id: string, origin: 'real' | 'drill' | 'simulated' = 'real'): void {
    writeBound(this.dir, [newIncident({ incident_id: id, origin })]);
  }

  /** One that was healed at the first attempt and has 600 s to relapse. */
  healed(id: string, drawn: JsonObject = { ...DRAWN, predicted: 0.65 }): void {
    this.incident(id);
    const onset = { boot_id: BOOT, elapsed_s: this.now.elapsed_s, at: new Date(this.now.ms).toISOString() };
    this.write(
      { actor: 'healer', action: 'incident_opened', resource: id, decision: { relapse: 0, ...drawn } },
      {
        incident_id: id,
        check: 'web',
        target: 't',
        failure_mode: 'down',
        origin: 'real',
        relapse_s: 600,
        onset,
        config_version: 'c1',
      },
    );
    const owner = { boot_id: BOOT, pid: 1, start_time: 1 };
    const claim = this.write(
      { actor: 'healer', action: 'remedy_claimed', resource: id },
      { incident_id: id, target: 't', playbook_id: 'restart', owner, config_version: 'c1' },
    );
    this.write(
      { actor: 'healer', action: 'remedy_ended', resource: id, decision: { outcome: 'worked', verified: true } },
      { claim, incident_id: id, act_s: 0.5, verify_s: 0.4, within_s: 30, relapse_s: 600 },
    );
  }

  ask<T>(question: (view: ReturnType<typeof controlView>) => T): T {
    const registry = openRegistry(this.dir);
    registry.sync();
    const answer = registry.read((db) => question(controlView(db)));
    registry.close();
    return answer;
  }

  /** Learns from all that is due, as a tick does; `state` in the place of the hash that is right. */
  tick(state?: string): void {
    const { now } = this;
    for (const episode of this.ask((view) => view.dueEpisodes(0, 1000))) {
      const outcome = outcomeOf(episode, now);
      if (outcome !== undefined) this.draft(outcomeEntry(outcome, episode.opening.subject, now));
    }
    const sha256 = state ?? stateHash(this.ask((view) => foldOn(view, undefined).state));
    this.write(
      { actor: 'learner', action: 'learning_tick', resource: 'learning', decision: { outcomes: 1 } },
      { state: sha256, mode: 'apply', holdout: 0.2, config_version: 'c1' },
    );
  }

  version(n: number, change: Partial<AuditEntry> = {}, decision: JsonObject = {}): void {
    const [from, to] = [
      ['restart', 'reload'],
      ['reload', 'restart'],
    ];
    const rule = 'accounts.learner.may: reorder';
    this.write({
      ...{ actor: 'learner', action: 'config_update', resource: `v${n}` },
      decision: {
        version: n,
        kind: 'order',
        check: 'web',
        from,
        to,
        rule,
        account: 'learner',
        proposal: null,
        ...decision,
      },
      ...change,
    });
  }

  facts(since: string | null = null, bounds?: LearningBounds) {
    const registry = openRegistry(this.dir);
    registry.sync();
    const facts = registry.read((db) => learnedFacts({ db, dir: this.dir, window: { since }, now: this.now }, bounds));
    registry.close();
    return facts;
  }

  async report(options: EvidenceOptions = {}, columns?: number) {
    const out = fakeOut(columns === undefined ? {} : { columns, isTTY: true });
    const { now } = this;
    const clock = { ...PROCESS.clock, now: () => now.ms, elapsed: () => now.elapsed_s };
    const ctx = {
      ...PROCESS,
      cwd: tempDir(),
      env: {},
      out,
      err: fakeOut(),
      clock,
      unique: `${process.pid}-${++this.#n}`,
    };
    const code = await runEvidence(ctx as Context, 'learning', { logs: this.dir, ...options });
    return { code, text: out.text };
  }

  // biome-ignore lint/suspicious/noExplicitAny: a document whose shape is what the tests are about
  async json(options: EvidenceOptions = {}): Promise<any> {
    return JSON.parse((await this.report({ ...options, json: true })).text);
  }
}

describe('what was due', () => {
  it('is told from when on it was, to when it was learned', () => {
    const host = new Host();
    host.healed('i1');
    expect(host.facts().due).toMatchObject({ waiting: 0, not_due: 1, late: null, longest_wait_s: null });
    host.pass(600 + 30);
    expect(host.facts().due).toMatchObject({ waiting: 1, not_due: 0, overdue: 0, longest_wait_s: 30 });
    host.tick();
    const { due, unlearned } = host.facts();
    expect([due.waiting, due.not_due, unlearned]).toEqual([0, 0, 0]);
    // The entry stands a second later.
    expect(due.late).toMatchObject({ n: 1, p50_s: 31, slowest_s: 31 });
  });

  it('is overdue after an hour, not before', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(600 + 3600);
    expect(host.facts().due).toMatchObject({ waiting: 1, overdue: 0, longest_wait_s: 3600 });
    host.pass(1);
    expect(host.facts().due).toMatchObject({ waiting: 1, overdue: 1, longest_wait_s: 3601 });
  });

  it('is due at once where a person was asked for, or it came again', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(10);
    host.healed('i2');
    host.write({ actor: 'healer', action: 'incident_closed', resource: 'i3' });
    host.pass(20);
    // The same incident again, before its window closed.
    host.write(
      { actor: 'healer', action: 'incident_opened', resource: 'i1', decision: { relapse: 1 } },
      { incident_id: 'i1', check: 'web', target: 't', failure_mode: 'down', origin: 'real', relapse_s: 600 },
    );
    host.pass(5);
    expect(host.facts().due).toMatchObject({ waiting: 1, not_due: 1, longest_wait_s: 5 });
  });

  it('respects the window, which the comparison does not', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(700);
    host.tick();
    host.pass(86_400);
    const since = new Date(host.now.ms - 1000).toISOString().replace('Z', '000Z');
    const [all, window] = [host.facts(), host.facts(since)];
    expect([all.due.late?.n, window.due.late]).toEqual([1, null]);
    expect([all.effect.outcomes, window.effect.outcomes]).toEqual([1, 1]);
    expect([all.narrowed, window.narrowed]).toEqual([false, true]);
  });
});

describe('what was learned', () => {
  it('is folded from the log: what is kept, what was predicted, what is compared', () => {
    const host = new Host();
    for (let i = 0; i < 3; i++) host.healed(`i${i}`, i === 0 ? {} : { ...DRAWN, predicted: 0.65, frozen: i === 2 });
    host.incident('drilled', 'drill');
    host.incident('staged', 'simulated');
    host.incident('untouched');
    host.pass(700);
    host.tick();
    const { effect, calibration, kept, left_out, incidents } = host.facts();
    expect(effect).toMatchObject({ outcomes: 3, incidents: 2, replay: 'equal', lines_missing: false });
    expect(effect.verdict.verdict).toBe('INCONCLUSIVE');
    expect(calibration[6]).toEqual({ n: 2, predicted: 1.3, worked: 2 });
    expect(kept).toMatchObject({ outcomes: 3, failure_modes: 1, targets: 1, playbook_tallies: 1, wait_curves: 1 });
    expect(left_out).toEqual([
      { words: '["no_arm"]', effect: 0, n: 1 },
      { words: '[]', effect: 1, n: 2 },
    ]);
    expect(incidents).toEqual([
      { origin: 'drill', n: 1, attempted: 0 },
      { origin: 'real', n: 4, attempted: 3 },
      { origin: 'simulated', n: 1, attempted: 0 },
    ]);
  });

  it('is another one than the tick wrote down where the log was changed', async () => {
    const host = new Host();
    host.healed('i1');
    host.pass(700);
    host.tick();
    expect(host.facts().effect.replay).toBe('equal');
    const copy = new Host();
    cpSync(join(host.dir, LOG_FILE.incidents), join(copy.dir, LOG_FILE.incidents));
    const text = readFileSync(join(host.dir, LOG_FILE.audit), 'utf8');
    writeFileSync(
      join(copy.dir, LOG_FILE.audit),
      text.replace('"predicted":0.65,"recovered_s"', '"predicted":0.6,"recovered_s"'),
    );
    expect(readFileSync(join(copy.dir, LOG_FILE.audit), 'utf8')).not.toBe(text);
    expect(copy.facts().effect.replay).toBe('differs');
    const { claims, next } = await copy.json();
    expect(claims[1]).toMatchObject({ id: 'learning_effect', verdict: 'FAIL' });
    expect(next.argv.slice(0, 3)).toEqual(['learn', 'replay', '--verify']);
  });

  it('goes on after the tick: what a person has done since does not make it another', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(700);
    host.tick();
    host.version(1, { actor: 'operator:anna' });
    expect(host.facts()).toMatchObject({ effect: { replay: 'equal' }, kept: { orders_in_force: 1 } });
  });

  it('cannot be the same where older files were put away by a rotation, and says that it is that', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    const write = (entry: AuditDraft) => ledger.transact(() => ({ entries: [entry], value: undefined }));
    const outcome = (opening: string): AuditDraft => ({
      ...{ actor: 'learner', action: 'outcome_learned', resource: opening },
      decision: { counts: { order: true, waits: false, effect: false }, left_out: [] },
      metadata: {
        ...{ opening, check: 'web', target: 't', mode: 'down', arm: 'author', order: ['restart'], holdout: true },
        ...{ holdout_share: 1, differs: false, predicted: null, waits: [], recovered_s: 3, relapsed: false },
        ...{ tried: [{ playbook: 'restart', worked: true, seconds: 2 }], escalated: false, unknown: 0 },
      },
    });
    const facts = () => {
      const registry = openRegistry(dir);
      registry.sync();
      const now = { boot_id: BOOT, elapsed_s: 0, ms: Date.now() };
      const answer = registry.read((db) => learnedFacts({ db, dir, window: { since: null }, now }));
      const state = registry.read((db) => foldOn(controlView(db), undefined).state);
      registry.close();
      return { ...answer, state: stateHash(state) };
    };
    await write(outcome('before'));
    renameSync(logPath(dir, 'audit'), `${logPath(dir, 'audit')}.1`);
    await write(outcome('after'));
    const metadata = { state: facts().state };
    await write({ actor: 'learner', action: 'learning_tick', resource: 'learning', decision: {}, metadata });
    expect(facts()).toMatchObject({ lines_gone: 0, effect: { outcomes: 2, replay: 'equal' } });

    rmSync(`${logPath(dir, 'audit')}.1`);
    deleteRegistry(dir);
    const { effect, lines_gone } = facts();
    expect(effect).toMatchObject({ outcomes: 1, replay: 'put_away', lines_missing: false });
    expect(lines_gone).toBeGreaterThan(0);
  });

  it('is taken from a copy where there is too much of it, as long as a tick vouches for that', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(700);
    host.tick();
    const folded = () => host.facts(null, { folded: 0, examined: 10 }).effect;
    expect(folded().replay).toBe('equal');
    const checkpoint = checkpointOf(host.ask((view) => foldOn(view, undefined)));
    writeCached(host.dir, { checkpoint, seen: undefined, advised: undefined }, 'test');
    expect(folded()).toMatchObject({ replay: 'vouched', outcomes: 1 });
    expect(host.facts().effect.replay).toBe('equal');
    host.healed('i2');
    host.pass(700);
    host.tick();
    expect(folded()).toMatchObject({ replay: 'vouched', outcomes: 2 });
    host.tick('0'.repeat(64));
    expect(folded().replay).toBe('differs');
    // A copy for which no tick vouches is not looked at.
    const forged = checkpoint && { ...checkpoint, state: { ...checkpoint.state, outcomes: 99 } };
    writeCached(host.dir, { checkpoint: forged, seen: undefined, advised: undefined }, 'test');
    expect(folded()).toMatchObject({ replay: 'differs', outcomes: 2 });
  });

  it('of more episodes than are looked at the oldest are, and the others are counted', () => {
    const host = new Host();
    for (let i = 0; i < 5; i++) host.healed(`i${i}`);
    host.pass(700);
    expect(host.facts(null, { folded: 10, examined: 3 }).due).toMatchObject({ waiting: 3, unexamined: 2 });
  });

  it('has no tick to be held against where there was none', () => {
    expect(new Host().facts()).toMatchObject({ effect: { replay: 'no_tick' }, last_tick_at: null });
  });

  it('names the checks that are held after harm', () => {
    const host = new Host();
    host.healed('i1');
    host.pass(700);
    host.tick();
    host.version(1);
    host.version(
      2,
      {},
      { kind: 'rollback', reason: 'harm', hold: true, from: ['reload', 'restart'], to: ['restart', 'reload'] },
    );
    const { effect } = host.facts();
    expect(effect.held).toEqual(['web']);
    expect(effect.harmed).toMatchObject([{ incidents: 1 }]);
  });
});

describe('who changed what', () => {
  const changed = () => {
    const host = new Host();
    host.version(1);
    host.write({ actor: 'learner', action: 'change_proposed', resource: 'p1', decision: { proposal: 1 } });
    host.write({ actor: 'learner', action: 'change_proposed', resource: 'p2', decision: { proposal: 2 } });
    host.write({ actor: 'operator:anna', action: 'change_rejected', resource: 'p1', decision: { rule: 'r' } });
    host.write({ actor: 'operator:eve', action: 'request_denied', resource: 'p2', decision: { allowed: false } });
    host.write({ actor: 'operator:eve', action: 'request_denied', resource: 'inc_1', decision: { allowed: false } });
    host.write({ actor: 'operator:eve', action: 'request_denied', resource: 'v1x', decision: { allowed: false } });
    host.pass(86_400);
    host.version(2);
    host.version(3, { actor: 'operator:anna' }, { rule: 7 });
    return host;
  };

  it('is counted by account and rule', () => {
    const facts = changed().facts();
    const rule = 'accounts.learner.may: reorder';
    expect(facts.changes).toEqual([
      { account: 'learner', action: 'config_update', rule, n: 2 },
      { account: 'operator:anna', action: 'change_rejected', rule: 'r', n: 1 },
      { account: 'operator:anna', action: 'config_update', rule: null, n: 1 },
    ]);
    expect(facts.proposals).toEqual({ made: 2, approved: 0, rejected: 1, withdrawn: 0 });
    expect(facts.kept.proposals_open).toBe(1);
    expect(facts.versions).toEqual({ today: 2, overall: 3 });
  });

  it('tells what was denied to whom, of learning only', () => {
    expect(changed().facts().denied).toEqual([{ account: 'operator:eve', n: 1 }]);
  });

  it('respects the window, but for the versions', () => {
    const host = changed();
    const facts = host.facts(new Date(host.now.ms - 60_000).toISOString().replace('Z', '000Z'));
    expect(facts.changes.map(({ n }) => n)).toEqual([1, 1]);
    expect(facts.denied).toEqual([]);
    expect(facts.proposals.made).toBe(0);
    expect(facts.versions).toEqual({ today: 2, overall: 3 });
  });
});

describe('the report', () => {
  const lived = () => {
    const host = new Host();
    for (let i = 0; i < 40; i++) {
      host.healed(`i${i}`, { ...DRAWN, predicted: i % 2 === 0 ? 0.85 : 0.95, frozen: i % 5 === 0 });
      if (i === 0) host.incident('drilled', 'drill');
    }
    host.healed('first', {});
    host.pass(700);
    host.version(1);
    host.write({ actor: 'learner', action: 'change_proposed', resource: 'p1', decision: { proposal: 1 } });
    host.write({ actor: 'operator:\u001b[31meve', action: 'request_denied', resource: 'p1', decision: {} });
    host.tick();
    return host;
  };

  it('is read as an operator reads it', async () => {
    const { code, text } = await lived().report();
    expect(code).toBe(0);
    expect(text.split('\n')[0]).toBe('[PASS] LEARNING SYSTEM IS ACTIVE!');
    for (const said of [
      '\n  41 of 41 due outcomes learned, ',
      '\n[INCONCLUSIVE] learning effect: not decided after 39 compared incidents\n',
      '; 32 and 7 are compared\n',
      '\n  not counted: 1 drill – caused by grace itself\n',
      '\n  not counted: 1 outcome – opened before there was learning: no order was drawn\n',
      '\n[PASS] learning calibration: predicted 90 %, observed 100 %\n',
      '\n  learner  made a version  1  accounts.learner.may: reorder\n',
      '\n  proposals: 1 made, 0 approved, 0 rejected, 0 withdrawn\n',
      '\n  80–90 %   20       85 %     100 %\n',
    ]) {
      expect(text).toContain(said);
    }
    expect(text).toMatch(/^ {2}learned orders in force +1$/m);
    expect(text).toMatch(/^ {2}versions, overall +1$/m);
    expect(text).not.toContain('learning word');
    expect(text).toContain('denied: 1 request by operator:');
    expect(text).not.toContain('\u001b');
  });

  it.each([60, 80])('fits a terminal of %i columns', async (columns) => {
    const { text } = await lived().report({}, columns);
    expect(text.split('\n').filter((row) => row.length > columns && !row.startsWith('  grace '))).toEqual([]);
  });

  it('says the same as JSON', async () => {
    const doc = await lived().json();
    expect(Object.keys(doc)).toEqual(
      expect.arrayContaining(['due', 'versions', 'kept', 'accounts', 'proposals', 'denied', 'calibration', 'left_out']),
    );
    expect(doc).toMatchObject({
      schema: 'grace.evidence.learning/1',
      verdict: 'PASS',
      outcomes_learned: 41,
      due: { late: { n: 41 }, waiting: 0 },
      versions: { overall: 1 },
      kept: { orders_in_force: 1, proposals_open: 1 },
      left_out: [{ word: 'no_arm', n: 1, compared: 0 }],
    });
    expect(doc.calibration).toHaveLength(10);
    expect(doc.claims.map((claim: { id: string }) => claim.id)).toEqual([
      'learning_activity',
      'learning_effect',
      'learning_calibration',
      'record_integrity',
    ]);
    expect(doc.claims[1].numbers).toMatchObject({ learned_n: 32, holdout_n: 7, missing_at_least: 61 });
  });

  it('names the overdue, exits 1, and leads on', async () => {
    const host = lived();
    host.healed('late');
    host.pass(600 + 7200);
    const { code, text } = await host.report();
    expect(code).toBe(1);
    expect(text.split('\n')[0]).toBe('[PARTIAL] learning: 1 outcome overdue');
    expect(text).toContain('1 has been due for longer than 1 h, the oldest for 2 h');
    expect(text).toContain(`\n  grace learn status --logs ${host.dir}\n`);
  });

  it('leaves a directory as it was that may not be written', async () => {
    const host = lived();
    chmodSync(host.dir, 0o500);
    const before = fingerprintOf(host.dir);
    expect((await host.report()).code).toBe(0);
    expect(fingerprintOf(host.dir)).toEqual(before);
    chmodSync(host.dir, 0o700);
  });

  it('counts no words: what the old system wrote of learning is neither activity nor effect', async () => {
    const host = new Host();
    const old = [
      ...Array.from({ length: 7 }, () => oldAudit({ actor: 'continuous_learning_loop', action: 'system_start' })),
      ...Array.from({ length: 20 }, (_, i) => oldAudit({ actor: 'trainer', action: `model_trained_${i}` })),
      oldAudit({ action: 'logic_update_proposed' }),
    ];
    writeFileSync(join(host.dir, LOG_FILE.audit), old.map(line).join(''));
    const { code, text } = await host.report();
    expect(code).toBe(3);
    expect(text).toMatch(/^\[INCONCLUSIVE\] learning: the loop was started and completed no tick\n/);
    expect(text).toContain('\n[INCONCLUSIVE] learning effect: 0 outcomes learned from\n');
    expect(text).toContain('\n  at least 100 more are needed\n');
    expect(text).toContain('7 entries by the loop itself, all system_start\n');
    expect(text).toContain('[PASS] LEARNING SYSTEM IS ACTIVE!  ');
    expect(text).not.toMatch(/What is kept|Who changed|first playbook|do not count/);
  });

  it('takes ids of data for data', async () => {
    const host = new Host();
    host.write(
      {
        actor: 'learner',
        action: 'outcome_learned',
        resource: 'x',
        decision: { counts: [], left_out: ['__proto__', 'constructor'] },
      },
      { opening: '__proto__' },
    );
    host.write({ actor: 'learner', action: 'outcome_learned', resource: 'x', decision: { left_out: 'no list' } });
    host.write({ actor: 'learner', action: 'learning_tick', resource: 'learning' }, { state: 7 });
    host.version(1, {}, { check: '__proto__' });
    const { code, text } = await host.report();
    expect(code).toBe(0);
    expect(text).toContain('__proto__');
    expect((await host.json()).left_out).toEqual([
      { word: '__proto__', n: 1, compared: 0 },
      { word: 'constructor', n: 1, compared: 0 },
    ]);
  });
});
