import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosign } from '../../../src/core/audit/cosignature.js';
import { leafHash } from '../../../src/core/audit/hash.js';
import { KEY_TYPE, newSigningKey } from '../../../src/core/audit/keys.js';
import { signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';
import {
  formatTlogProof,
  parseTlogProof,
  type TlogProof,
  verifyTlogProof,
} from '../../../src/core/audit/tlog-proof.js';
import { lines, MTH, PATH } from './reference-tree.js';

const ORIGIN = 'host/grace/0f';
const KEY = newSigningKey(ORIGIN, Buffer.alloc(32, 1));
const OTHER = newSigningKey('other/grace/1f', Buffer.alloc(32, 2));
const WITNESS = newSigningKey('witness.example', Buffer.alloc(32, 3), KEY_TYPE.cosignature);
const LINES = lines(23);
const NOTE = signCheckpoint({ origin: ORIGIN, size: LINES.length, root: MTH(LINES) }, [KEY]);

function proofOf(index: number): TlogProof {
  return { index, hashes: PATH(index, LINES), checkpointNote: NOTE };
}

function leaf(index: number): Buffer {
  return leafHash(LINES[index] as Buffer);
}

describe('the text of a proof', () => {
  it('has the lines of the specification', () => {
    const [first, second] = PATH(4, LINES.slice(0, 5)).concat(PATH(0, LINES.slice(0, 2)));
    if (!first || !second) throw new Error('two hashes');
    const proof = { index: 4, hashes: [first, second], checkpointNote: NOTE };
    const rest = `index 4\n${first.toString('base64')}\n${second.toString('base64')}\n\n${NOTE}`;
    expect(formatTlogProof(proof)).toBe(`c2sp.org/tlog-proof@v1\n${rest}`);
    const extra = Buffer.from('entry');
    expect(formatTlogProof({ ...proof, extra })).toBe(`c2sp.org/tlog-proof@v1\nextra ZW50cnk=\n${rest}`);
  });

  it('is read back as it was written', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
    const proofs = fc.record(
      {
        index: fc.maxSafeNat(),
        hashes: fc.array(hash, { maxLength: 53 }),
        checkpointNote: fc.constant(NOTE),
        extra: fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes)),
      },
      { requiredKeys: ['index', 'hashes', 'checkpointNote'] },
    );
    fc.assert(
      fc.property(proofs, (proof) => {
        const text = formatTlogProof(proof);
        expect(parseTlogProof(text)).toEqual({ ok: true, proof });
        expect(parseTlogProof(Buffer.from(text))).toEqual({ ok: true, proof });
      }),
    );
  });

  const good = formatTlogProof(proofOf(3));
  const hashLine = PATH(3, LINES)[0]?.toString('base64') ?? '';

  it.each([
    ['', 'no empty line before the checkpoint'],
    [good.slice(0, good.indexOf('\n\n') + 1), 'no empty line before the checkpoint'],
    [`\n\n${NOTE}`, 'the first line is not c2sp.org/tlog-proof@v1'],
    [good.replace('@v1', '@v2'), 'the first line is not c2sp.org/tlog-proof@v1'],
    [`\n${good}`, 'the first line is not c2sp.org/tlog-proof@v1'],
    [good.replace('index', 'extra \nindex'), 'no valid extra data'],
    [good.replace('index', 'extra AAB=\nindex'), 'no valid extra data'],
    [good.replace('index', 'extra AA\nindex'), 'no valid extra data'],
    [good.replace('index', 'extra\nindex'), 'no valid index'],
    [good.replace('index', 'extra AAAA\nextra AAAA\nindex'), 'no valid index'],
    [good.replace('index 3\n', ''), 'no valid index'],
    [good.replace('index 3', 'index  3'), 'no valid index'],
    [good.replace('index 3', 'index 03'), 'no valid index'],
    [good.replace('index 3', 'index -3'), 'no valid index'],
    [good.replace('index 3', 'index 9007199254740992'), 'no valid index'],
    [good.replace('index 3', 'index 3\nextra AAAA'), 'a line of the proof is not a hash'],
    [good.replace(hashLine, 'AAAA'), 'a line of the proof is not a hash'],
    [good.replace(hashLine, `${hashLine} `), 'a line of the proof is not a hash'],
    [good.replace(hashLine, hashLine.slice(0, -1)), 'a line of the proof is not a hash'],
    [good.replace(hashLine, `${hashLine}\n`.repeat(50).trimEnd()), 'more than 53 hashes'],
    [good.replace('\n\n', '\n\n\n'), undefined],
    [good.slice(0, -1), 'the checkpoint is not a note: the last line has no end'],
    [good.slice(0, good.indexOf('— ')), 'the checkpoint is not a note: no signatures'],
    [good.replaceAll('\n', '\r\n'), 'a control character'],
    [`${good}\x00`, 'a control character'],
    [`\ud800${good}`, 'not valid UTF-8'],
    [good + 'x'.repeat(2_000_000), 'longer than 2000000 bytes'],
  ])('%#: is refused', (text, reason) => {
    const parsed = parseTlogProof(text);
    if (reason !== undefined) expect(parsed).toEqual({ ok: false, reason });
    // An empty line more belongs to the note, and makes it none of a checkpoint.
    else if (parsed.ok) {
      const verdict = verifyTlogProof({ proof: parsed.proof, leaf: leaf(3), verifierKeys: [KEY] });
      expect(verdict).toMatchObject({ ok: false, fault: 'not-a-checkpoint' });
    }
  });

  it.each([
    { index: -1 },
    { index: 2 ** 53 },
    { hashes: [Buffer.alloc(31)] },
    { hashes: new Array(54).fill(Buffer.alloc(32)) },
    { extra: Buffer.alloc(0) },
    { checkpointNote: 'text\n' },
  ])('%#: is not written', (change) => {
    expect(() => formatTlogProof({ ...proofOf(0), ...change })).toThrow(RangeError);
  });
});

describe('verifyTlogProof', () => {
  it('verifies every line of a log, and no other line in its place', () => {
    for (let index = 0; index < LINES.length; index++) {
      const parsed = parseTlogProof(formatTlogProof(proofOf(index)));
      if (!parsed.ok) throw new Error(parsed.reason);
      for (let other = 0; other < LINES.length; other++) {
        const verdict = verifyTlogProof({ proof: parsed.proof, leaf: leaf(other), verifierKeys: [KEY] });
        if (other === index) {
          expect(verdict).toMatchObject({ ok: true, checkpoint: { origin: ORIGIN, size: 23 }, signedBy: [KEY] });
        } else {
          const reason = 'the proof leads to another root';
          expect(verdict).toEqual({ ok: false, fault: 'not-included', reason });
        }
      }
    }
  });

  it('needs no hashes for the only line of a log', () => {
    const only = LINES.slice(0, 1);
    const checkpointNote = signCheckpoint({ origin: ORIGIN, size: 1, root: MTH(only) }, [KEY]);
    const parsed = parseTlogProof(formatTlogProof({ index: 0, hashes: [], checkpointNote }));
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(verifyTlogProof({ proof: parsed.proof, leaf: leaf(0), verifierKeys: [KEY] }).ok).toBe(true);
  });

  it('names the cosigners that are known', () => {
    const made = cosign(NOTE, WITNESS, 1_700_000_000);
    if (!made.ok) throw new Error(made.reason);
    const proof = { ...proofOf(2), checkpointNote: NOTE + made.line };
    const claim = { proof, leaf: leaf(2), verifierKeys: [KEY, WITNESS] };
    expect(verifyTlogProof(claim)).toMatchObject({ ok: true, signedBy: [KEY, WITNESS] });
    expect(verifyTlogProof({ ...claim, verifierKeys: [KEY] })).toMatchObject({ ok: true, signedBy: [KEY] });
  });

  it.each([
    [{ index: 4 }, 'not-included', 'the proof leads to another root'],
    [{ index: 23 }, 'not-included', 'the index is not in the tree'],
    [{ hashes: [] }, 'not-included', 'the proof has too few hashes'],
    [{ hashes: [Buffer.alloc(31)] }, 'not-included', 'a hash has not 32 bytes'],
    [{ checkpointNote: 'text\n' }, 'not-a-note', 'no empty line before signatures'],
    [{ checkpointNote: NOTE.replace('\n23\n', '\n24\n') }, 'bad-signature', undefined],
  ])('refuses %o', (change, fault, reason) => {
    const verdict = verifyTlogProof({ proof: { ...proofOf(3), ...change }, leaf: leaf(3), verifierKeys: [KEY] });
    expect(verdict).toMatchObject({ ok: false, fault, ...(reason === undefined ? {} : { reason }) });
  });

  it('refuses a proof by a log that is not known', () => {
    const claim = { proof: proofOf(3), leaf: leaf(3) };
    expect(verifyTlogProof({ ...claim, verifierKeys: [] })).toMatchObject({ ok: false, fault: 'unsigned' });
    expect(verifyTlogProof({ ...claim, verifierKeys: [OTHER] })).toMatchObject({ ok: false, fault: 'unsigned' });
  });

  it('does not trust what the extra data says', () => {
    const proof = { ...proofOf(3), extra: LINES[4] as Buffer };
    expect(verifyTlogProof({ proof, leaf: leaf(3), verifierKeys: [KEY] }).ok).toBe(true);
    expect(verifyTlogProof({ proof, leaf: leafHash(proof.extra), verifierKeys: [KEY] }).ok).toBe(false);
  });
});
