import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseNotes } from '../../../src/core/audit/checkpoint-stream.js';
import { CompactRange } from '../../../src/core/audit/compact-range.js';
import { leafHash } from '../../../src/core/audit/hash.js';
import { formatVerifierKey, newSigningKey, type SigningKey } from '../../../src/core/audit/keys.js';
import { signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';
import { loadKey } from '../../../src/core/seal/key-file.js';
import { examine } from '../../../src/evidence/audit/examine.js';
import { lastCheck, rememberCheck } from '../../../src/evidence/audit/last-check.js';
import { auditDraft, newIncident } from '../../support/records.js';
import { auditLines, keyFiles, openSealed, sha, sidecar, verifierKeysOf } from '../../support/sealed.js';
import { audited, auditPath, copyOf, incidentsPath, linesOf, sealedLog } from './setting.js';

/** Whoever writes to the files of a log without its key, or with one that was stolen. */

const originOf = (dir: string) => verifierKeysOf(dir)[0]?.name ?? '';
const textOf = (key: SigningKey) => formatVerifierKey(key);

/** A line in grace's name. */
function forge(dir: string, action: string, metadata: object, line = auditLines(dir).length + 1): void {
  const entry = { entry_id: `log_${line}_20261123010000000000`, timestamp: '2026-11-23T01:00:00.000Z', actor: 'grace' };
  const rest = { action, resource: 'x', decision: { status: 'resolved' }, metadata };
  appendFileSync(auditPath(dir), `${JSON.stringify({ ...entry, ...rest })}\n`);
}

/** Signs what stands there now, as grace would, behind the first `keep` notes. */
function signAll(dir: string, key: SigningKey, keep: number): void {
  const range = new CompactRange();
  const leaves = Buffer.alloc(8192);
  auditLines(dir).forEach((line, i) => {
    range.append(leafHash(line));
    leafHash(line).copy(leaves, 32 * i);
  });
  const file = readFileSync(sidecar(dir, 'checkpoints'));
  const kept = parseNotes(file, key.name).notes.slice(0, keep);
  const end = kept.reduce((_, { offset, length }) => offset + length, 0);
  const note = signCheckpoint({ origin: key.name, size: range.size, root: range.root() }, [key]);
  writeFileSync(sidecar(dir, 'checkpoints'), Buffer.concat([file.subarray(0, end), Buffer.from(note)]));
  writeFileSync(sidecar(dir, 'checkpoint'), note);
  writeFileSync(sidecar(dir, 'leaves.0'), leaves);
  rmSync(sidecar(dir, 'position'), { force: true });
}

/** A key of the forger's own in the log's name, put beside the log. */
function ownKey(dir: string): SigningKey {
  const key = newSigningKey(originOf(dir), Buffer.alloc(32, 7));
  appendFileSync(sidecar(dir, 'vkey'), `${textOf(key)}\n`);
  return key;
}

async function grown(dir: string, times: number): Promise<string> {
  const ledger = openSealed(dir);
  for (let i = 0; i < times; i++) await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
  ledger.close();
  return dir;
}

async function rekeyed(dir: string): Promise<void> {
  const ledger = openSealed(dir);
  await ledger.replaceKey();
  ledger.close();
}

/** The verification that leaves behind where the next quick one begins. */
async function remembered(dir: string): Promise<void> {
  const options = { dir, keys: [], against: [], witnessKeys: [], full: false, before: undefined, hasKey: true };
  const facts = await examine({ ...options, workerProgram: '/nowhere', onProgress: () => undefined });
  rememberCheck(dir, facts, '2026-11-23T01:00:00.000Z');
}

describe('a log that was written anew by a key of the forger is WRONG KEY', () => {
  it.each([0, 1, 3])('to whoever has the public key: with %i real notes kept', async (keep) => {
    const dir = await grown(await sealedLog(4), 3);
    const keys = verifierKeysOf(dir);
    const key = ownKey(dir);
    writeFileSync(auditPath(dir), '');
    forge(dir, 'incident_snapshot', { offset: 0, length: 1, sha256: sha('x') });
    signAll(dir, key, keep);
    for (const full of [false, true]) expect((await audited(dir, { keys, full })).audit_verdict).toBe('WRONG KEY');
  });

  it('to whoever has kept a checkpoint, though the lines it covers are still there', async () => {
    const dir = await grown(await sealedLog(4), 3);
    const kept = { source: 'kept', bytes: readFileSync(sidecar(dir, 'checkpoint')) };
    const keys = verifierKeysOf(dir);
    const key = ownKey(dir);
    forge(dir, 'incident_snapshot', { offset: 0, length: 1, sha256: sha('x') });
    forge(dir, 'foreign_lines_sealed', { first_line: 1, lines: 1, offset: 0, bytes: 1, sha256: 'x' });
    signAll(dir, key, 99);
    for (const with_ of [{ keys }, {}])
      expect((await audited(dir, { ...with_, against: [kept] })).audit_verdict).toBe('WRONG KEY');
  });

  it('to a quick verification, too: of the lines that are new', async () => {
    const dir = await sealedLog(5);
    const keys = verifierKeysOf(dir);
    await remembered(dir);
    const key = ownKey(dir);
    forge(dir, 'learning_tick', {});
    signAll(dir, key, 99);
    const before = lastCheck(dir);
    expect(before?.place.said.adoption?.origin).toBe(originOf(dir));
    for (const with_ of [{ keys }, {}])
      expect((await audited(dir, { ...with_, before })).audit_verdict).toBe('WRONG KEY');
  });
});

describe('a key that was replaced', () => {
  async function replaced() {
    const dir = await sealedLog(5);
    const stolen = loadKey(keyFiles(dir)[0] ?? '') as SigningKey;
    await rekeyed(dir);
    const atReplacement = auditLines(dir).length;
    await grown(dir, 2);
    const [first, second] = verifierKeysOf(dir);
    if (!first || !second) throw new Error('there are not two keys');
    return { dir, stolen, first, second, atReplacement };
  }

  it('leads from the old one to the new, and either verifies, before the new one has signed and after', async () => {
    const { dir, first, second } = await replaced();
    for (const keys of [[], [first], [second], [first, second]])
      expect((await audited(dir, { keys, full: true })).audit_verdict).toBe("INTACT, THIS HOST'S WORD ONLY");
    await rekeyed(dir);
    await grown(dir, 1);
    for (const key of verifierKeysOf(dir))
      expect((await audited(dir, { keys: [key] })).audit_verdict, 'over two replacements').toMatch(/^INTACT/);
  });

  it('signs nothing any more: neither with the entry that replaced it nor, to whoever has the new one, without', async () => {
    const { dir, stolen, first, second, atReplacement } = await replaced();
    for (const keep of [atReplacement, atReplacement - 1]) {
      const forged = copyOf(dir);
      writeFileSync(auditPath(forged), Buffer.concat(linesOf(dir).slice(0, keep)));
      forge(forged, 'learning_tick', { forged: true });
      signAll(forged, stolen, 99);
      for (const keys of [[second], [first, second]])
        expect((await audited(forged, { keys })).audit_verdict).toBe('WRONG KEY');
      if (keep === atReplacement) expect((await audited(forged)).audit_verdict).toBe('WRONG KEY');
    }
  });
});

describe('notes that were taken away', () => {
  it('are missed by whoever has the former key, too', async () => {
    const dir = await sealedLog(4);
    const [former] = verifierKeysOf(dir);
    await rekeyed(dir);
    await grown(dir, 4);
    const file = readFileSync(sidecar(dir, 'checkpoints'));
    const [newest] = parseNotes(file, originOf(dir)).notes.slice(-2);
    writeFileSync(sidecar(dir, 'checkpoints'), file.subarray(0, newest?.offset));
    for (const keys of [[], former ? [former] : []])
      expect((await audited(dir, { keys })).audit_verdict).toBe('TAMPERED');
  });
});

describe('a line at the end that no note covers', () => {
  it("does not make the lines that vouch another program's", async () => {
    const dir = await sealedLog(5);
    writeFileSync(
      incidentsPath(dir),
      readFileSync(incidentsPath(dir), 'utf8').replace('"severity":"', '"severity":"x'),
    );
    expect((await audited(dir)).incident_verdict).toBe('INCIDENT ALTERED');
    forge(dir, 'foreign_lines_sealed', { first_line: 1, lines: 5, offset: 0, bytes: 1, sha256: 'x' });
    expect((await audited(dir)).incident_verdict).toBe('INCIDENT ALTERED');
  });

  it.each([
    ['audit_log_adopted', { origin: 'x/grace/1', vkey: 'x', lines: 5, bytes: 1, replaces: null }],
    ['audit_key_replaced', { old: 'x', new: 'y' }],
    ['log_loss_noted', {}],
  ])('says nothing of the log: %s', async (action, metadata) => {
    const dir = await sealedLog(5);
    const before = (await audited(dir)).claims[0].reasons;
    forge(dir, action, metadata);
    const report = await audited(dir);
    expect(report.audit_verdict).toBe("INTACT, THIS HOST'S WORD ONLY");
    expect(report.claims[0].reasons.filter((reason) => !reason.includes('at the end'))).toEqual(before);
  });
});

describe('lines that were dropped are not absent', () => {
  it('by a line that no note covers', async () => {
    const dir = await sealedLog(6);
    const lines = linesOf(dir);
    writeFileSync(auditPath(dir), Buffer.concat(lines.slice(3)));
    forge(dir, 'log_rotated', { log: 'audit', first_line: 4 }, 7);
    expect((await audited(dir)).audit_verdict).toBe('TAMPERED');
  });

  it('by a line of another program that was sealed', async () => {
    const dir = await sealedLog(6);
    forge(dir, 'log_rotated', { log: 'audit', first_line: 4 }, 7);
    await grown(dir, 1);
    expect((await audited(dir)).audit_verdict).toMatch(/^INTACT/);
    const lines = linesOf(dir);
    writeFileSync(auditPath(dir), Buffer.concat(lines.slice(3)));
    const report = await audited(dir);
    expect(report.audit_verdict).toBe('TAMPERED');
    expect(report.claims[0].reasons[0]).toContain('lines 1 to 3 are not there');
  });
});

describe('the file that says as what the log was sealed', () => {
  it('is put away: it is not sealed a second time', async () => {
    const dir = await sealedLog(6);
    renameSync(auditPath(dir), `${auditPath(dir)}.1`);
    await grown(dir, 1);
    rmSync(`${auditPath(dir)}.1`);
    const ledger = openSealed(dir);
    await ledger.transact(() => ({
      incidents: [{ record: newIncident({ incident_id: 'inc_b' }), after: null }],
      value: 0,
    }));
    ledger.close();
    expect(readFileSync(auditPath(dir), 'utf8')).not.toContain('audit_log_adopted');
    const [key] = verifierKeysOf(dir);
    for (const keys of [[], key ? [key] : []]) {
      const report = await audited(dir, { keys });
      expect(report.audit_verdict).toMatch(/^INTACT/);
      expect(report.adopted).toBeNull();
    }
  });
});
