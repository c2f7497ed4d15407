import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseNotes } from '../../src/core/audit/checkpoint-stream.js';
import { CompactRange } from '../../src/core/audit/compact-range.js';
import { leafHash } from '../../src/core/audit/hash.js';
import { parseVerifierKey, type VerifierKey } from '../../src/core/audit/keys.js';
import { openCheckpoint } from '../../src/core/audit/signed-checkpoint.js';
import { orderSegments } from '../../src/core/journal/segments.js';
import type { Ledger, LedgerOptions } from '../../src/core/ledger.js';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import type { KeyPlace } from '../../src/core/seal/key-file.js';
import type { SealEvent } from '../../src/core/seal/seal-event.js';
import { LOG_FILE, openLedger } from './registry.js';
import { tempDir } from './temp-dir.js';

export const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** A directory for logs, and beside it the one for their keys. */
export function sealedDir(): string {
  return join(tempDir(), 'logs');
}

export function keysBeside(dir: string): KeyPlace {
  return { directory: join(dir, '../keys') };
}

export function keyFiles(dir: string): string[] {
  const keys = keysBeside(dir).directory ?? '';
  return existsSync(keys) ? readdirSync(keys).map((name) => join(keys, name)) : [];
}

export function sidecar(dir: string, ...names: string[]): string {
  return join(dir, 'immutable_audit.tlog', ...names);
}

/** A ledger that seals; what it has to say is added to `events`. */
export function openSealed(dir: string, change: Partial<LedgerOptions> = {}, events: SealEvent[] = []): Ledger {
  return openLedger(dir, { keys: keysBeside(dir), onSealEvent: (event) => events.push(event), ...change });
}

/** The lines of the audit log over all its files, without their LF; a torn one is none. */
export function auditLines(dir: string): Buffer[] {
  const lines: Buffer[] = [];
  for (const name of orderSegments(LOG_FILE.audit, readdirSync(dir))) {
    const bytes = readFileSync(join(dir, name));
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      lines.push(bytes.subarray(start, end));
      start = end + 1;
    }
  }
  return lines;
}

/** Those that are entries. */
export function auditEntries(dir: string): AuditEntry[] {
  return auditLines(dir).flatMap((text): AuditEntry[] => {
    try {
      return [JSON.parse(text.toString('utf8')) as AuditEntry];
    } catch {
      return [];
    }
  });
}

export function entriesOf(dir: string, action: string): AuditEntry[] {
  return auditEntries(dir).filter((entry) => entry.action === action);
}

export function verifierKeysOf(dir: string): VerifierKey[] {
  return readFileSync(sidecar(dir, 'vkey'), 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const parsed = parseVerifierKey(text);
      if (!parsed.ok) throw new Error(parsed.reason);
      return parsed.key;
    });
}

export interface SealFound {
  /** Lines that the newest note covers. */
  readonly sealed: number;
  /** Sizes of all notes, in order. */
  readonly sizes: readonly number[];
  /** Bytes of the file of notes that are in no whole one. */
  readonly strayBytes: number;
}

/**
 * Every note is signed by the log's key, each is of more lines than the one before, and each has the root that the log's
 * lines give. `leaves` are those of lines that are not all there any more.
 */
export function expectSealed(dir: string, leaves = auditLines(dir).map(leafHash)): SealFound {
  const keys = verifierKeysOf(dir);
  const file = readFileSync(sidecar(dir, 'checkpoints'));
  const { notes, strayBytes } = parseNotes(file, keys[0]?.name ?? '');
  expect(notes.length).toBeGreaterThan(0);
  const range = new CompactRange();
  let before = -1;
  for (const { offset, length } of notes) {
    const opened = openCheckpoint(file.subarray(offset, offset + length), keys);
    if (!opened.ok) throw new Error(`a note at ${offset}: ${opened.reason}`);
    const { size, root } = opened.checkpoint;
    expect(size, 'notes grow').toBeGreaterThan(before);
    expect(size, 'a note of lines that are not there').toBeLessThanOrEqual(leaves.length);
    for (const leaf of leaves.slice(range.size, size)) range.append(leaf);
    expect(root.toString('hex'), `the root of the note of ${size} lines`).toBe(range.root().toString('hex'));
    before = size;
  }
  return { sealed: before, sizes: notes.map(({ checkpoint }) => checkpoint.size), strayBytes };
}

/** The lines of these entries are in the log, each once, and the newest note covers them. */
export function expectCovered(dir: string, entries: readonly AuditEntry[]): void {
  const { sealed } = expectSealed(dir);
  const places = new Map<string, number[]>();
  for (const [i, text] of auditLines(dir).entries()) {
    const line = text.toString('utf8');
    places.set(line, [...(places.get(line) ?? []), i]);
  }
  for (const entry of entries) {
    const at = places.get(JSON.stringify(entry)) ?? [];
    expect(at, entry.entry_id).toHaveLength(1);
    expect(at[0], `${entry.entry_id} is covered`).toBeLessThan(sealed);
    expect(entry.entry_id).toMatch(new RegExp(`^log_${(at[0] ?? 0) + 1}_`));
  }
}
