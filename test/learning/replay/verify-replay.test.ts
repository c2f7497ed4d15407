import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import { clockOf } from '../../../src/core/records/moment.js';
import { Registry } from '../../../src/core/registry/registry.js';
import { seededRandom } from '../../../src/learning/order/random.js';
import { type VerifiedReplay, verifyReplay } from '../../../src/learning/replay/verify-replay.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { line } from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry, registryOptions } from '../../support/registry.js';
import { tempDir, withTempDir } from '../../support/temp-dir.js';
import { LoggedWorld, playbook, webCheck } from './logged-world.js';

const CHANCES = { a: 0.1, b: 0.5, c: 0.9 };

function world(...checks: ReturnType<typeof webCheck>[]) {
  const dir = tempDir();
  return { dir, log: new LoggedWorld(dir, openRegistry(dir), checks.length > 0 ? checks : undefined) };
}

function live(log: LoggedWorld, incidents: number, chances: Readonly<Record<string, number>>, seed = 'life') {
  const random = seededRandom(seed);
  for (let i = 0; i < incidents; i++) {
    for (const { name } of log.checks) log.incident(name, chances, random);
    if (i % 2 === 1) log.tick();
  }
}

/** The log of that directory with one entry changed, verified. */
function verifiedWith(dir: string, at: number, change: (entry: AuditEntry) => void): VerifiedReplay {
  const lines = readFileSync(logPath(dir, 'audit'), 'utf8').split('\n').slice(0, -1);
  const entry = JSON.parse(lines[at] ?? '') as AuditEntry;
  const before = JSON.stringify(entry);
  change(entry);
  expect(JSON.stringify(entry)).not.toBe(before);
  lines[at] = line(entry).slice(0, -1);
  return withTempDir((copy) => {
    writeFileSync(logPath(copy, 'audit'), `${lines.join('\n')}\n`);
    const registry = new Registry(copy, registryOptions());
    registry.sync();
    const verified = registry.control(verifyReplay);
    registry.close();
    return verified;
  });
}

function entriesOf(dir: string): AuditEntry[] {
  const lines = readFileSync(logPath(dir, 'audit'), 'utf8').split('\n').slice(0, -1);
  return lines.map((one) => JSON.parse(one) as AuditEntry);
}

describe('a log that nobody has touched', () => {
  it('says what follows from it, and the same in another place and from a registry made anew', () => {
    const { dir, log } = world();
    live(log, 60, CHANCES);
    const verified = log.ask(verifyReplay);
    expect(verified).toMatchObject({
      deviations: [],
      deviating: 0,
      outcomes: 60,
      draws: 60,
      draws_unclear: 0,
      ticks: 30,
    });
    expect(verified.state).toBe(stateHash(log.state));
    expect(verified.versions).toBe(log.ask((view) => view.recentControls(ACTION.configUpdate, 100)).length);
    expect(verified.versions).toBeGreaterThan(2);

    const copy = tempDir();
    copyFileSync(logPath(dir, 'audit'), logPath(copy, 'audit'));
    deleteRegistry(copy);
    const registry = openRegistry(copy);
    registry.sync();
    expect(registry.control(verifyReplay)).toEqual(verified);
    onTestFinished(() => registry.close());
  });

  it('whatever has happened: relapses, what people decide, another grace.yaml, a check that nobody has', () => {
    const { log } = world(webCheck(), webCheck({ name: '__proto__', target: 'other.service' }));
    const random = seededRandom('much');
    live(log, 20, CHANCES);
    log.incident('web', CHANCES, random);
    const again = log.ask((view) => view.recentControls(ACTION.incidentOpened, 1))[0]?.subject.slice('inc_'.length);
    log.incident('web', CHANCES, random, Number(again));
    log.tick();
    log.governance = { ...log.governance, mode: 'propose', config_version: 'c2' };
    live(log, 30, { a: 0.9, b: 0.2, c: 0.1 }, 'other');
    const open = log.ask((view) => view.openProposals()).filter(({ decision }) => decision.check === 'web');
    expect(open.map(({ decision }) => decision.kind)).toContain('order');
    for (const { subject } of open) log.approve(subject);
    live(log, 4, CHANCES, 'after');
    const version = log
      .ask((view) => view.recentControls(ACTION.configUpdate, 50))
      .find(({ decision, actor }) => decision.kind === 'order' && actor !== 'learner');
    log.rollBack(version?.subject ?? '');
    live(log, 4, CHANCES, 'back');
    const [web, other] = log.checks;
    if (web === undefined || other === undefined) throw new Error('there were two');
    log.checks = [{ ...web, playbooks: [playbook('c'), playbook('d', { within_s: 20 }), playbook('a')] }];
    log.governance = { ...log.governance, mode: 'apply', config_version: 'c3' };
    live(log, 10, { ...CHANCES, d: 0.5 }, 'listed anew');
    const verified = log.ask(verifyReplay);
    expect(verified.deviations).toEqual([]);
    expect(verified.proposals).toBeGreaterThan(0);
    expect(verified.state).toBe(stateHash(log.state));
  });

  it('where what was learned is rolled back by itself', () => {
    const { log } = world();
    live(log, 30, CHANCES);
    // The best remedy of yesterday never works again.
    live(log, 40, { a: 0.95, b: 0.5, c: 0 }, 'turned');
    const updates = log.ask((view) => view.recentControls(ACTION.configUpdate, 100));
    expect(updates.map(({ decision }) => decision.reason)).toContain('surprises');
    expect(log.ask(verifyReplay).deviations).toEqual([]);
  });

  it('where harm was shown, in several checks at once', () => {
    const { log } = world(webCheck(), webCheck({ name: 'api', target: 'api.service' }));
    log.bearable = 'c';
    live(log, 80, { a: 0.3, b: 0.3, c: 1 });
    const updates = log.ask((view) => view.recentControls(ACTION.configUpdate, 100));
    const harmful = updates.filter(({ decision }) => decision.reason === 'harm');
    expect(new Set(harmful.map(({ decision }) => decision.check))).toEqual(new Set(['web', 'api']));
    expect(log.ask(verifyReplay).deviations).toEqual([]);
  });

  it('where there is none', () => {
    const { log } = world();
    expect(log.ask(verifyReplay)).toMatchObject({ outcomes: 0, versions: 0, line: 0, deviating: 0 });
  });
});

describe('a log in which a digit was changed', () => {
  it('is found out, whichever number or order of what follows it is', () => {
    const { dir, log } = world();
    live(log, 16, CHANCES);
    log.governance = { ...log.governance, mode: 'propose', config_version: 'c2' };
    live(log, 16, { a: 0.9, b: 0.2, c: 0.1 }, 'other');
    expect(log.ask(verifyReplay).deviations).toEqual([]);
    const honest = log.ask(verifyReplay);
    const entries = entriesOf(dir);
    const learners = new Set<string>(
      Object.values(ACTION).filter((action) => /^(outcome|learning_|config_up|change_)/.test(action)),
    );
    const random = seededRandom('digits');
    let changed = 0;
    entries.forEach((entry, at) => {
      if (!learners.has(entry.action)) return;
      for (const path of changeable(entry).filter((one) => random() < (isInput(one) ? 0 : 0.08))) {
        const { deviations, state } = verifiedWith(dir, at, (one) => alter(one, path));
        const where = `line ${at + 1}: ${entry.action} ${path.join('.')}`;
        expect(
          deviations.map(({ entry_id }) => entry_id),
          where,
        ).toContain(entry.entry_id);
        // What follows for the outcomes follows from the episodes, whatever is said of them.
        if (entry.action === ACTION.outcomeLearned) {
          expect(state, where).toBe(honest.state);
          expect(new Set(deviations.map(({ line }) => line)), where).toEqual(new Set([at + 1]));
        }
        changed += 1;
      }
    });
    expect(changed).toBeGreaterThan(80);
  });

  it('is found out where it is in what was drawn', () => {
    const { dir, log } = world();
    live(log, 16, CHANCES);
    const openings = entriesOf(dir).flatMap(({ action }, at) => (action === ACTION.incidentOpened ? [at] : []));
    for (const at of openings) {
      const { deviating } = verifiedWith(dir, at, ({ metadata }) => {
        (metadata.onset as Record<string, number>).elapsed_s = 17;
      });
      expect(deviating, `line ${at + 1}`).toBeGreaterThan(0);
    }
    const drawn = openings.filter((at) => entriesOf(dir)[at]?.decision.arm !== 'author');
    expect(drawn.length).toBeGreaterThan(8);
    for (const at of drawn) {
      for (const field of ['propensity', 'holdout_share', 'predicted']) {
        const { deviations } = verifiedWith(dir, at, ({ decision }) => {
          decision[field] = Number(decision[field]) * 0.9 + 0.01;
        });
        expect(
          deviations.map(({ field }) => field),
          `line ${at + 1}, ${field}`,
        ).toContain(`decision.${field}`);
      }
      for (const impossible of [2, 0, -0.5]) {
        const { deviating } = verifiedWith(dir, at, ({ decision }) => {
          decision.propensity = impossible;
        });
        expect(deviating, `line ${at + 1}, propensity ${impossible}`).toBeGreaterThan(0);
      }
    }
  });
});

describe('what nobody was allowed to do', () => {
  const made = (log: LoggedWorld) => {
    const [entry] = log.ask((view) => view.recentControls(ACTION.configUpdate, 1));
    if (entry === undefined) throw new Error('no version was made');
    return entry;
  };

  it('a version by a person that was not approved, or by somebody else', () => {
    for (const actor of ['operator:anna', 'operator:', 'mallory']) {
      const { log } = world();
      live(log, 20, CHANCES);
      const { decision, metadata } = made(log);
      const forged = { ...decision, version: Number(decision.version) + 1, account: actor, proposal: 'p1' };
      log.write([{ actor, action: ACTION.configUpdate, resource: `v${forged.version}`, decision: forged, metadata }]);
      const fields = log.ask(verifyReplay).deviations.map(({ field }) => field);
      expect(fields).toContain(actor === 'operator:anna' ? 'decision.proposal' : 'actor');
    }
  });

  it('an approval of what was not proposed; and one by the learner itself', () => {
    const { log } = world();
    log.governance = { ...log.governance, mode: 'propose' };
    live(log, 20, CHANCES);
    const [open] = log.ask((view) => view.openProposals());
    if (open === undefined) throw new Error('nothing was proposed');
    const { subject, decision, metadata } = open;
    log.write([
      { actor: 'operator:anna', action: ACTION.changeApproved, resource: 'p99', decision, metadata },
      { actor: 'learner', action: ACTION.changeApproved, resource: subject, decision, metadata },
    ]);
    const { deviations } = log.ask(verifyReplay);
    expect(deviations.map(({ field, follows }) => [field, follows])).toEqual([
      ['resource', 'no proposal of that name was open'],
      ['actor', 'a person decides that'],
    ]);
  });

  it('a rollback by the learner without a reason for it', () => {
    for (const reason of ['harm', 'surprises']) {
      const { log } = world();
      live(log, 20, CHANCES);
      const { decision, metadata } = made(log);
      const number = Number(decision.version) + 1;
      const { from = [], to = [] } = decision;
      const forged = { ...decision, version: number, kind: 'rollback', from: to, to: from, reason };
      const about = { ...metadata, seed: null, numbers: {} };
      log.write([
        { actor: 'learner', action: ACTION.configUpdate, resource: `v${number}`, decision: forged, metadata: about },
      ]);
      const { deviations } = log.ask(verifyReplay);
      expect(deviations.filter(({ field }) => field === 'decision.reason')).toHaveLength(1);
    }
  });

  it('learning twice from the same, or from what is not over', () => {
    const { log } = world();
    live(log, 6, CHANCES);
    const last = log.ask((view) => view.recentControls(ACTION.outcomeLearned, 1))[0];
    if (last === undefined) throw new Error('nothing was learned');
    const { actor, action, subject, decision, metadata } = last;
    log.write([{ actor, action, resource: subject, decision, metadata }]);
    log.incident('web', { a: 1, b: 1, c: 1 }, seededRandom('early'));
    const opening = log.ask((view) => view.recentControls(ACTION.incidentOpened, 1))[0];
    if (opening === undefined) throw new Error('nothing was opened');
    const early = { ...metadata, opening: opening.entry_id, ...clockOf(log.now) };
    log.write([{ actor, action, resource: opening.subject, decision, metadata: early }]);
    expect(log.ask(verifyReplay).deviations.map(({ follows }) => follows)).toEqual([
      'an episode that was learned from before',
      'an episode that was not over yet',
    ]);
  });
});

/** What grace.yaml said, or the clock: of it follows what others say, and no other entry says it. */
function isInput(path: Path): boolean {
  return path.includes('playbooks') && !path.includes('numbers')
    ? true
    : path.includes('clock') || path.join('.') === 'metadata.holdout';
}

type Path = readonly (string | number)[];

/** Every number, truth and order in what an entry says. */
function changeable(value: unknown, path: Path = []): Path[] {
  if (typeof value === 'number' || typeof value === 'boolean') return [path];
  if (Array.isArray(value) && value.length > 1 && value.every((one) => typeof one === 'string')) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => changeable(one, [...path, key]));
}

function alter(entry: AuditEntry, path: Path): void {
  let at = entry as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  const key = `${path.at(-1)}`;
  const value = at[key];
  if (typeof value === 'boolean') at[key] = !value;
  else if (typeof value === 'number')
    at[key] = Number.isInteger(value)
      ? value + 1
      : Number(String(value).replace(/\d$/, (d) => `${(Number(d) + 1) % 10}`));
  else at[key] = [...(value as string[])].reverse();
}
