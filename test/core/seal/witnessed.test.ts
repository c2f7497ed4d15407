import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatVerifierKey, KEY_TYPE, newSigningKey, type SigningKey } from '../../../src/core/audit/keys.js';
import { parseNote } from '../../../src/core/audit/note.js';
import { signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';
import { cosignedNote, cosignSeen } from '../../../src/core/seal/cosign-seen.js';
import { appendWitnessed, lastWitnessed } from '../../../src/core/seal/witnessed.js';
import { sidecar } from '../../support/sealed.js';
import { tempDir } from '../../support/temp-dir.js';

const log = newSigningKey('host/grace/1', Buffer.alloc(32, 1));
const [one, two] = [2, 3].map((n) => newSigningKey(`w${n}`, Buffer.alloc(32, n), KEY_TYPE.cosignature)) as [
  SigningKey,
  SigningKey,
];

function logs(): string {
  const dir = join(tempDir(), 'logs');
  mkdirSync(sidecar(dir), { recursive: true });
  writeFileSync(sidecar(dir, 'vkey'), `${formatVerifierKey(log)}\n`);
  return dir;
}

/** A note of so many lines, cosigned; the root differs with the size. */
function note(size: number, by: SigningKey, at_s: number, signer = log): string {
  const signed = parseNote(signCheckpoint({ origin: log.name, size, root: Buffer.alloc(32, size) }, [signer]));
  if (!signed.ok) throw new Error(signed.reason);
  return cosignSeen(signed.note, [signer], by, at_s);
}

const names = (dir: string, ...keys: SigningKey[]) =>
  lastWitnessed(dir, keys)?.witnesses.map(({ name, at_s, verified }) => [name, at_s, verified]);

describe('what witnesses last signed', () => {
  it('is nothing where nobody has, or the log has no key', () => {
    const dir = logs();
    expect(lastWitnessed(dir, [one])).toBeUndefined();
    writeFileSync(sidecar(dir, 'witnessed'), 'nothing that is a note\n');
    expect(lastWitnessed(dir, [one])).toBeUndefined();
    appendWitnessed(dir, note(3, one, 100));
    expect(names(dir, one)).toEqual([['w2', 100, true]]);
    writeFileSync(sidecar(dir, 'vkey'), '');
    expect(lastWitnessed(dir, [one])).toBeUndefined();
  });

  it('is of most lines, by everybody who signed that, each with the last time', () => {
    const dir = logs();
    for (const [size, by, at_s] of [
      [3, one, 100],
      [7, one, 200],
      [7, two, 150],
      [7, one, 190],
      [5, two, 300],
    ] as const) {
      appendWitnessed(dir, note(size, by, at_s));
    }
    expect(lastWitnessed(dir, [])?.checkpoint).toMatchObject({ origin: log.name, size: 7, root: Buffer.alloc(32, 7) });
    expect(names(dir, one)).toEqual([
      ['w2', 200, true],
      ['w3', 150, false],
    ]);
    expect(names(dir, one, two)).toEqual([
      ['w2', 200, true],
      ['w3', 150, true],
    ]);
  });

  it('is not what the log never signed, and a forged line beside a good one hides nothing', () => {
    const dir = logs();
    appendWitnessed(dir, note(5, one, 100));
    appendWitnessed(dir, note(9, one, 900, newSigningKey(log.name, Buffer.alloc(32, 9))));
    appendWitnessed(dir, note(8, one, 900).replace('\n8\n', '\n6\n'));
    const forged = note(5, two, 400).replace(/^(— w3 .{30})(.)/m, (_, head, c) => `${head}${c === 'A' ? 'B' : 'A'}`);
    appendWitnessed(dir, forged);
    // By the time that it says: one that is good counts for more, whenever it was.
    appendWitnessed(
      dir,
      note(5, one, 200).replace(/^(— w2 .{30})(.)/m, (_, head, c) => `${head}${c === 'A' ? 'B' : 'A'}`),
    );
    expect(lastWitnessed(dir, [one, two])?.checkpoint.size).toBe(5);
    expect(names(dir, one, two)).toEqual([
      ['w2', 100, true],
      ['w3', 400, false],
    ]);
  });

  it('is read past what a crash has left, and however long the file is', () => {
    const dir = logs();
    for (let size = 1; size <= 300; size++) appendWitnessed(dir, note(size, one, size));
    appendFileSync(sidecar(dir, 'witnessed'), note(400, one, 1).slice(0, 150));
    expect(names(dir, one)).toEqual([['w2', 300, true]]);
    appendWitnessed(dir, note(301, two, 5));
    expect(names(dir, two)).toEqual([['w3', 5, true]]);
    const kept = readFileSync(sidecar(dir, 'witnessed'), 'utf8');
    expect(kept.endsWith(`\n${note(301, two, 5)}`)).toBe(true);
  });

  it('is not written through a link', () => {
    const dir = logs();
    const elsewhere = join(tempDir(), 'elsewhere');
    writeFileSync(elsewhere, '');
    symlinkSync(elsewhere, sidecar(dir, 'witnessed'));
    expect(() => appendWitnessed(dir, note(1, one, 1))).toThrowError(/it is a symbolic link/);
    expect(readFileSync(elsewhere, 'utf8')).toBe('');
  });
});

describe('a cosigned note', () => {
  it('has the signatures of its log and cosignatures, and no others', () => {
    const text = note(3, one, 1);
    const parsed = parseNote(`${text}— stranger ${Buffer.alloc(68, 5).toString('base64')}\n`);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(cosignedNote(parsed.note, [log])).toBe(text);
    expect(cosignSeen(parsed.note, [log], one, 1)).toBe(text);
    expect(cosignSeen(parsed.note, [log], two, 2)).toBe(note(3, two, 2));
  });
});
