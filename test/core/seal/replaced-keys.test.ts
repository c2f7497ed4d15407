import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseNotes } from '../../../src/core/audit/checkpoint-stream.js';
import { LogSeal } from '../../../src/core/seal/log-seal.js';
import { auditDraft } from '../../support/records.js';
import {
  auditLines,
  entriesOf,
  expectSealed,
  keysBeside,
  openSealed,
  sealedDir,
  sidecar,
  verifierKeysOf,
} from '../../support/sealed.js';

describe('a key that is replaced', () => {
  it('while others of the same process write: each is covered at the moment it is told', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    const origin = verifierKeysOf(dir)[0]?.name ?? '';
    let stop = false;
    const uncovered: number[] = [];
    const write = async () => {
      while (!stop) {
        const { entries } = await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
        const line = Number(entries[0]?.entry_id.split('_')[1]);
        const sizes = parseNotes(readFileSync(sidecar(dir, 'checkpoints')), origin).notes.map(
          ({ checkpoint }) => checkpoint.size,
        );
        if (Math.max(...sizes) < line) uncovered.push(line);
      }
    };
    const writers = [write(), write(), write()];
    for (let i = 0; i < 8; i++) await ledger.replaceKey();
    stop = true;
    await Promise.all(writers);
    ledger.close();
    expect(uncovered).toEqual([]);
    expect(verifierKeysOf(dir)).toHaveLength(9);
  });
});

describe('a seal that was made anew', () => {
  it('and not told of, because a crash came first: the next record tells, and names the former one', async () => {
    const dir = sealedDir();
    const first = openSealed(dir);
    for (let i = 0; i < 3; i++) await first.transact(() => ({ entries: [auditDraft()], value: 0 }));
    first.close();
    const [former] = entriesOf(dir, 'audit_log_adopted');
    rmSync(sidecar(dir), { recursive: true });
    const lines = auditLines(dir).length;
    const seal = new LogSeal({ dir, keys: keysBeside(dir), onEvent: () => undefined });
    seal.adopt({ dev: 0, ino: 0, bytes: 0 });
    seal.close();
    const next = openSealed(dir);
    await next.transact(() => ({ entries: [auditDraft()], value: 0 }));
    next.close();
    const [, told] = entriesOf(dir, 'audit_log_adopted');
    expect(told?.metadata).toMatchObject({ lines, replaces: former?.resource });
    expect(told?.resource).toBe(verifierKeysOf(dir)[0]?.name);
    expectSealed(dir);
    const last = openSealed(dir);
    await last.transact(() => ({ entries: [auditDraft()], value: 0 }));
    last.close();
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(2);
  });
});
