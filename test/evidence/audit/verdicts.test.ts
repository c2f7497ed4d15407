import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseVerifierKey, type VerifierKey } from '../../../src/core/audit/keys.js';
import { examine } from '../../../src/evidence/audit/examine.js';
import { lastCheck, rememberCheck } from '../../../src/evidence/audit/last-check.js';
import { auditReport } from '../../../src/evidence/audit/report.js';
import { auditDraft, newIncident } from '../../support/records.js';
import { keyFiles, openSealed, sealedDir, sidecar } from '../../support/sealed.js';
import { audited, auditPath, copyOf, incidentsPath, linesOf, sealedLog } from './setting.js';

const keysOf = (dir: string): VerifierKey[] =>
  readFileSync(sidecar(dir, 'vkey'), 'utf8')
    .trim()
    .split('\n')
    .map((text) => {
      const parsed = parseVerifierKey(text);
      if (!parsed.ok) throw new Error(parsed.reason);
      return parsed.key;
    });
const noteOf = (dir: string) => readFileSync(sidecar(dir, 'checkpoint'));

async function append(dir: string, lines = 1): Promise<void> {
  const ledger = openSealed(dir);
  await ledger.transact(() => ({ entries: Array.from({ length: lines }, () => auditDraft()), value: 0 }));
  ledger.close();
}

describe('a host that is rolled back together with its seal', () => {
  it('is its own word only, and contradicts a checkpoint that was kept elsewhere', async () => {
    const dir = await sealedLog(10);
    const before = copyOf(dir);
    await append(dir, 5);
    const kept = { source: 'ticket-17', bytes: noteOf(dir) };
    expect((await audited(dir, { against: [kept] })).audit_verdict).toBe('INTACT AND WITNESSED');
    expect((await audited(before)).audit_verdict).toBe("INTACT, THIS HOST'S WORD ONLY");
    const report = await audited(before, { against: [kept] });
    expect(report.audit_verdict).toBe('CONTRADICTS A CHECKPOINT');
    expect(report.claims[0].reasons[0]).toBe("ticket-17: it covers 15 lines, the log's own note 10");
  });

  it('contradicts an older one of several that were kept in one file', async () => {
    const dir = await sealedLog(10);
    const before = copyOf(dir);
    cpSync(join(dir, '../keys'), join(before, '../keys'), { recursive: true });
    await append(dir, 2);
    const lost = noteOf(dir);
    await append(before, 3);
    const kept = { source: 'tickets', bytes: Buffer.concat([lost, Buffer.from('\n'), noteOf(before)]) };
    const report = await audited(before, { against: [kept] });
    expect(report.audit_verdict).toBe('CONTRADICTS A CHECKPOINT');
    expect(report.outside.map(({ verdict }) => verdict)).toEqual(['contradicts', 'consistent']);
  });

  it('contradicts it, too, when other lines were written since', async () => {
    const dir = await sealedLog(10);
    const before = copyOf(dir);
    cpSync(join(dir, '../keys'), join(before, '../keys'), { recursive: true });
    await append(dir, 5);
    const kept = { source: 'ticket', bytes: noteOf(dir) };
    await append(before, 20);
    const report = await audited(before, { against: [kept] });
    expect(report.audit_verdict).toBe('CONTRADICTS A CHECKPOINT');
    expect(report.claims[0].reasons[0]).toMatch(/^ticket: its first 15 lines have another root: \S+, found \S+$/);
  });

  it('with an older checkpoint, says which lines are only its own word', async () => {
    const dir = await sealedLog(10);
    const kept = { source: 'ticket', bytes: noteOf(dir) };
    await append(dir, 3);
    const report = await audited(dir, { against: [kept] });
    expect(report.audit_verdict).toBe('INTACT AND WITNESSED');
    expect(report.claims[0].reasons.slice(0, 2)).toEqual([
      'the log begins with the 10 lines of a checkpoint that was kept elsewhere',
      "the 3 lines since that checkpoint: this host's word only",
    ]);
  });
});

describe('a checkpoint that is given', () => {
  it('of another log, or cut, proves nothing and is no pass', async () => {
    const dir = await sealedLog(10);
    const other = noteOf(await sealedLog(10));
    expect((await audited(dir, { against: [{ source: 'x', bytes: other }] })).audit_verdict).toBe('WRONG KEY');
    const own = noteOf(dir);
    for (let length = 0; length < own.length - 1; length++) {
      const { audit_verdict } = await audited(dir, { against: [{ source: 'x', bytes: own.subarray(0, length) }] });
      expect(audit_verdict, String(length)).toBe('WRONG KEY');
    }
  });

  it('with another size or root under the same signature, is no pass', async () => {
    const dir = await sealedLog(10);
    const own = noteOf(dir).toString();
    for (const forged of [own.replace('\n10\n', '\n9\n'), own.replace(/\n10\n./, (text) => `${text.slice(0, -1)}A`)]) {
      if (forged === own) continue;
      const { audit_verdict } = await audited(dir, { against: [{ source: 'x', bytes: Buffer.from(forged) }] });
      expect(audit_verdict).toBe('WRONG KEY');
    }
  });
});

describe('a seal', () => {
  it('that is taken away is NO SEAL, whatever is left of it', async () => {
    const dir = await sealedLog(10);
    for (const part of ['checkpoints', 'vkey', '']) {
      const copy = copyOf(dir);
      rmSync(sidecar(copy, part), { recursive: true });
      const report = await audited(copy);
      expect(report.audit_verdict, part).toBe('NO SEAL');
      expect(report.claims.map(({ verdict }) => verdict)).toEqual(['INCONCLUSIVE']);
      expect(report.claims[0].reasons[1]).toMatch(
        /^line 1 says that it was sealed at .*: what sealed it was taken away$/,
      );
    }
  });

  it('is not made again by the next writer', async () => {
    const dir = await sealedLog(10);
    rmSync(sidecar(dir), { recursive: true });
    const said: string[] = [];
    const ledger = openSealed(dir, {
      onSealEvent: (event) => said.push(event.kind === 'unsigned' ? event.verdict : event.kind),
    });
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    ledger.close();
    expect(said).toEqual(['NO SEAL']);
    expect(existsSync(sidecar(dir))).toBe(false);
    expect(linesOf(dir)).toHaveLength(11);
    expect((await audited(dir)).audit_verdict).toBe('NO SEAL');
  });

  it('of another log is WRONG KEY', async () => {
    const dir = await sealedLog(10);
    const other = await sealedLog(10);
    rmSync(sidecar(dir), { recursive: true });
    cpSync(sidecar(other), sidecar(dir), { recursive: true });
    expect((await audited(dir)).audit_verdict).toBe('WRONG KEY');
  });

  it('made anew over changed lines is WRONG KEY for whoever has the key, and its own word for whoever has not', async () => {
    const dir = await sealedLog(10);
    const keys = keysOf(dir);
    const lines = linesOf(dir).slice(1);
    writeFileSync(auditPath(dir), Buffer.concat(lines));
    rmSync(sidecar(dir), { recursive: true });
    await append(dir);
    expect((await audited(dir)).audit_verdict).toBe("INTACT, THIS HOST'S WORD ONLY");
    expect((await audited(dir, { keys })).audit_verdict).toBe('WRONG KEY');
  });

  it('that somebody else signed with a key of his own is WRONG KEY', async () => {
    const dir = await sealedLog(10);
    const other = await sealedLog(10);
    cpSync(sidecar(other, 'vkey'), sidecar(dir, 'vkey'));
    const report = await audited(dir);
    expect(report.audit_verdict).toBe('WRONG KEY');
    const both = copyOf(dir);
    appendFileSync(sidecar(both, 'checkpoints'), noteOf(other));
    expect((await audited(both)).audit_verdict).toBe('WRONG KEY');
  });

  it('whose remembered hashes are damaged is intact all the same, and says so; with the log changed, too, it is not', async () => {
    const dir = await sealedLog(600);
    const tile = sidecar(dir, 'tile/0/001');
    const hashes = readFileSync(tile);
    hashes[40] = (hashes[40] as number) ^ 1;
    writeFileSync(tile, hashes);
    const report = await audited(dir);
    expect(report.audit_verdict).toMatch(/^INTACT/);
    expect(report.claims[0].reasons.join('\n')).toContain('the remembered hash of line 258 is damaged');
    rmSync(sidecar(dir, 'tile'), { recursive: true });
    rmSync(sidecar(dir, 'frontier'));
    expect((await audited(dir)).audit_verdict).toMatch(/^INTACT/);
    const lines = linesOf(dir);
    lines[300] = Buffer.from(String(lines[300]).replace('"resource"', '"Resource"'));
    writeFileSync(auditPath(dir), Buffer.concat(lines));
    const changed = await audited(dir);
    expect(changed.audit_verdict).toBe('TAMPERED');
    expect(changed.claims[0].reasons[1]).toMatch(/which line it is cannot be told/);
  });
});

describe('lines after the last note', () => {
  it('are counted, and break nothing', async () => {
    const dir = await sealedLog(10);
    appendFileSync(auditPath(dir), 'one\ntwo\ntorn');
    const report = await audited(dir);
    expect(report).toMatchObject({ sealed_lines: 10, unsealed_lines: 2 });
    expect(report.audit_verdict).toMatch(/^INTACT/);
  });

  it('that wait for a key which is gone are NO KEY', async () => {
    const dir = await sealedLog(10);
    for (const file of keyFiles(dir)) rmSync(file);
    await append(dir, 2);
    expect((await audited(dir, { hasKey: false })).audit_verdict).toBe('NO KEY');
  });
});

describe('an incident line', () => {
  it('that is taken away is MISSING, one that nobody vouches for UNBOUND', async () => {
    const dir = await sealedLog(10);
    const whole = readFileSync(incidentsPath(dir));
    writeFileSync(incidentsPath(dir), '');
    expect((await audited(dir)).incident_verdict).toBe('INCIDENT MISSING');
    writeFileSync(incidentsPath(dir), whole);
    appendFileSync(
      incidentsPath(dir),
      `${JSON.stringify(newIncident({ incident_id: 'forged', status: 'resolved' }))}\n`,
    );
    const report = await audited(dir);
    expect(report.incident_verdict).toBe('INCIDENT UNBOUND');
    expect(report.claims.map(({ verdict }) => verdict)).toEqual(['PASS', 'PARTIAL']);
  });

  it('that stood there before the log was sealed is held against its hash', async () => {
    const dir = await sealedLog(2);
    rmSync(sidecar(dir), { recursive: true });
    writeFileSync(auditPath(dir), '');
    await append(dir);
    expect((await audited(dir)).incident_verdict).not.toBe('INCIDENT ALTERED');
    const bytes = readFileSync(incidentsPath(dir));
    bytes[30] = (bytes[30] as number) ^ 1;
    writeFileSync(incidentsPath(dir), bytes);
    expect((await audited(dir)).incident_verdict).toBe('INCIDENT ALTERED');
  });

  it('with a forged entry to vouch for it, sealed as foreign, is UNBOUND', async () => {
    const dir = await sealedLog(10);
    const line = JSON.stringify(newIncident({ incident_id: 'forged', status: 'resolved' }));
    const offset = readFileSync(incidentsPath(dir)).length;
    appendFileSync(incidentsPath(dir), `${line}\n`);
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(line).digest('hex');
    const forged = {
      ...{ entry_id: 'log_11_20261123000000000000', timestamp: '2026-11-23T00:00:00.000Z', actor: 'grace' },
      ...{ action: 'incident_snapshot', resource: 'forged', decision: {} },
      metadata: { offset, length: Buffer.byteLength(line), sha256 },
    };
    appendFileSync(auditPath(dir), `${JSON.stringify(forged)}\n`);
    await append(dir);
    const report = await audited(dir);
    expect(report).toMatchObject({ incident_verdict: 'INCIDENT UNBOUND', foreign_lines: 1 });
    expect(report.audit_verdict).toMatch(/^INTACT/);
  });
});

describe('files that a rotation has made', () => {
  it('are one log; the oldest that is gone is absent, covered by its hashes; one in the middle, or its end, is not', async () => {
    const dir = await sealedLog(300);
    for (const n of [3, 2, 1]) {
      for (let older = 2; older >= 1; older--) {
        if (existsSync(`${auditPath(dir)}.${older}`))
          renameSync(`${auditPath(dir)}.${older}`, `${auditPath(dir)}.${older + 1}`);
      }
      renameSync(auditPath(dir), `${auditPath(dir)}.1`);
      await append(dir, 10 * n);
    }
    const whole = await audited(dir);
    expect(whole.audit_verdict).toMatch(/^INTACT/);
    expect(whole).toMatchObject({ sealed_lines: 363, absent: [], unsealed_lines: 0 });
    rmSync(`${auditPath(dir)}.3`);
    const first = await audited(dir);
    expect(first.audit_verdict).toMatch(/^INTACT/);
    expect(first.absent).toEqual([{ from: 1, to: 300 }]);
    // What is gone between files may be the entry that names lines before it as another program's.
    const middle = copyOf(dir);
    rmSync(`${auditPath(middle)}.1`);
    expect((await audited(middle)).audit_verdict).toBe('TAMPERED');
    const lines = readFileSync(`${auditPath(dir)}.1`, 'utf8').split('\n');
    writeFileSync(`${auditPath(dir)}.1`, `${lines.slice(0, 4).join('\n')}\n`);
    expect((await audited(dir)).audit_verdict).toBe('TAMPERED');
  });

  it('whose first lines are cut off is not taken for one', async () => {
    const dir = await sealedLog(300);
    renameSync(auditPath(dir), `${auditPath(dir)}.1`);
    await append(dir, 10);
    writeFileSync(`${auditPath(dir)}.1`, readFileSync(`${auditPath(dir)}.1`).subarray(linesOf(dir)[0]?.length ?? 0));
    expect((await audited(dir)).audit_verdict).toBe('TAMPERED');
  });
});

describe('what is new since the last verification', () => {
  it('is read alone, and found when it is changed', async () => {
    const dir = await sealedLog(600);
    const options = {
      ...{ dir, keys: [], against: [], witnessKeys: [], full: false, hasKey: true, before: undefined },
      ...{ workerProgram: '', onProgress: () => undefined },
    };
    rememberCheck(dir, await examine(options), '2026-11-23T00:00:00.000Z');
    await append(dir, 20);
    const before = lastCheck(dir);
    expect(before?.at).toBe('2026-11-23T00:00:00.000Z');
    const report = auditReport(await examine({ ...options, before }));
    expect(report).toMatchObject({
      read_lines: 20,
      sealed_lines: 620,
      earlier_lines_read_at: '2026-11-23T00:00:00.000Z',
    });
    expect(report.audit_verdict).toMatch(/^INTACT/);
    const lines = linesOf(dir);
    lines[610] = Buffer.from(String(lines[610]).replace('"actor"', '"Actor"'));
    writeFileSync(auditPath(dir), Buffer.concat(lines));
    const changed = auditReport(await examine({ ...options, before: lastCheck(dir) }));
    expect(changed).toMatchObject({ audit_verdict: 'TAMPERED', first_bad: { line: 611 } });
  });
});

describe('a key that was replaced', () => {
  it('is accepted by whoever has the old one, which vouches for the new', async () => {
    const dir = await sealedLog(10);
    const [old] = keysOf(dir);
    const ledger = openSealed(dir);
    const vkey = await ledger.replaceKey();
    ledger.close();
    await append(dir, 3);
    expect(keysOf(dir)).toHaveLength(2);
    const report = await audited(dir, { keys: old ? [old] : [], full: true });
    expect(report.claims[0].reasons).toContainEqual(expect.stringMatching(/^line 11 names another key/));
    expect(report.audit_verdict).toMatch(/^INTACT/);
    expect(report.signed_by).toEqual([vkey]);
    expect((await audited(dir, { full: true })).notes).toMatchObject({ bad: 0 });
    expect(readdirSync(join(dir, '../keys')).filter((name) => name.includes('.retired-'))).toHaveLength(1);
  });

  it('because it was gone, is another key for whoever has the old one', async () => {
    const dir = await sealedLog(10);
    const [old] = keysOf(dir);
    for (const file of keyFiles(dir)) rmSync(file);
    const ledger = openSealed(dir);
    await ledger.replaceKey();
    ledger.close();
    await append(dir, 3);
    expect((await audited(dir, { keys: old ? [old] : [] })).audit_verdict).toBe('WRONG KEY');
    const report = await audited(dir);
    expect(report.audit_verdict).toMatch(/^INTACT/);
    expect(report.claims[0].reasons).toContainEqual(
      expect.stringMatching(/the former one was gone and did not agree$/),
    );
  });

  it('where the seal is gone, makes another seal that tells of the former', async () => {
    const dir = await sealedLog(10);
    const [old] = keysOf(dir);
    rmSync(sidecar(dir), { recursive: true });
    const ledger = openSealed(dir);
    await ledger.replaceKey();
    ledger.close();
    const report = await audited(dir);
    expect(report.audit_verdict).toMatch(/^INTACT/);
    expect(report.claims[0].reasons).toContainEqual(`a former seal, as ${old?.name}, was lost; this one is another`);
    expect(report).toMatchObject({ adopted: { lines: 10 }, sealed_lines: 11 });
  });
});

describe('every note that was ever signed', () => {
  it('is held against the log', async () => {
    const dir = await sealedLog(10);
    for (let n = 0; n < 5; n++) await append(dir);
    expect((await audited(dir, { full: true })).notes).toEqual({
      notes: 7,
      bad: 0,
      first_bad: null,
      unchecked: 0,
      stray_bytes: 0,
    });
    const path = sidecar(dir, 'checkpoints');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('\n12\n', '\n11\n'));
    const report = await audited(dir, { full: true });
    expect(report.audit_verdict).toBe('TAMPERED');
    expect((await audited(dir)).audit_verdict).toMatch(/^INTACT/);
  });
});

describe('a log that was put in the place of the sealed one', () => {
  const replaced = (dir: string, bytes: Buffer) => {
    writeFileSync(`${auditPath(dir)}.edited`, bytes);
    renameSync(`${auditPath(dir)}.edited`, auditPath(dir));
  };

  it('as an editor does it, is TAMPERED, and stays so when more is written', async () => {
    const dir = await sealedLog(10);
    const lines = linesOf(dir);
    lines[4] = Buffer.from(String(lines[4]).replace('"actor"', '"Actor"'));
    replaced(dir, Buffer.concat(lines));
    expect((await audited(dir)).audit_verdict).toBe('TAMPERED');
    await append(dir, 3);
    const after = await audited(dir);
    expect(after).toMatchObject({ audit_verdict: 'TAMPERED', first_bad: { line: 5 } });
    await append(dir, 3);
    expect((await audited(dir)).audit_verdict).toBe('TAMPERED');
  });

  it('with other lines, or with none, is never intact', async () => {
    for (const bytes of ['', 'one\ntwo\n']) {
      const dir = await sealedLog(10);
      replaced(dir, Buffer.from(bytes));
      expect((await audited(dir)).audit_verdict).toMatch(/TRUNCATED|TAMPERED/);
      await append(dir, 3);
      expect((await audited(dir)).audit_verdict, JSON.stringify(bytes)).toMatch(/TRUNCATED|TAMPERED/);
    }
  });

  it('by nothing at all, is TRUNCATED, and stays broken when more is written', async () => {
    const dir = await sealedLog(10);
    rmSync(auditPath(dir));
    expect((await audited(dir)).audit_verdict).toBe('TRUNCATED');
    await append(dir, 3);
    expect((await audited(dir)).audit_verdict).toMatch(/TRUNCATED|TAMPERED/);
  });

  it('is not what was read the last time', async () => {
    const dir = await sealedLog(600);
    const options = {
      ...{ dir, keys: [], against: [], witnessKeys: [], full: false, hasKey: true, before: undefined },
      ...{ workerProgram: '', onProgress: () => undefined },
    };
    const kept = { source: 'ticket', bytes: noteOf(dir) };
    await append(dir, 20);
    rememberCheck(dir, await examine(options), '2026-11-23T00:00:00.000Z');
    const quick = auditReport(await examine({ ...options, before: lastCheck(dir), against: [kept] }));
    expect(quick).toMatchObject({ audit_verdict: 'INTACT AND WITNESSED', read_lines: 0 });
    replaced(dir, Buffer.concat(linesOf(dir)));
    expect(lastCheck(dir)).toBeUndefined();
  });
});

it('notes that were cut off are missed as long as the copy of the newest stands', async () => {
  const dir = await sealedLog(10);
  const notes = readFileSync(sidecar(dir, 'checkpoints'));
  await append(dir, 5);
  writeFileSync(sidecar(dir, 'checkpoints'), notes);
  const report = await audited(dir);
  expect(report.audit_verdict).toBe('TAMPERED');
  expect(report.claims[0].reasons[0]).toBe('a note of 15 lines was signed, and the newest that is left covers 10');
});

describe('the incident lines of a log that has none', () => {
  it('are not judged: of no line nothing can be found unchanged', async () => {
    const dir = sealedDir();
    await append(dir, 2);
    const report = await audited(dir);
    expect(report.audit_verdict).toBe("INTACT, THIS HOST'S WORD ONLY");
    expect(report.claims.map(({ id }) => id)).toEqual(['audit_log']);
  });
});
