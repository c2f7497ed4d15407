import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosign, verifyCosignature } from '../../../src/core/audit/cosignature.js';
import { KEY_TYPE, newSigningKey, parseVerifierKey, sign, verify } from '../../../src/core/audit/keys.js';
import { type Note, parseNote } from '../../../src/core/audit/note.js';
import { openCheckpoint, signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';
import { ARCHE } from './published-checkpoints.js';

const LOG = newSigningKey('host/grace/0f', Buffer.alloc(32, 1));
const WITNESS = newSigningKey('witness.example', Buffer.alloc(32, 2), KEY_TYPE.cosignature);
const SIGNED = signCheckpoint({ origin: LOG.name, size: 5, root: Buffer.alloc(32, 7) }, [LOG]);
const NOW_S = 1_679_315_147;

function cosigned(at_s: number, note = SIGNED): string {
  const made = cosign(note, WITNESS, at_s);
  if (!made.ok) throw new Error(made.reason);
  return note + made.line;
}

function noteOf(source: string): Note {
  const parsed = parseNote(source);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.note;
}

describe('cosignatures', () => {
  it('of public witnesses verify', () => {
    const note = noteOf(ARCHE.note);
    for (const text of ARCHE.cosigners) {
      const parsed = parseVerifierKey(text);
      if (!parsed.ok) throw new Error(parsed.reason);
      expect(verifyCosignature(note, parsed.key)).toEqual({ ok: true, timestamp: ARCHE.cosigned_s });
      const altered = noteOf(ARCHE.note.replace('532', '533'));
      expect(verifyCosignature(altered, parsed.key)).toEqual({
        ok: false,
        reason: 'a cosignature in the name of the key is not by it',
      });
    }
  });

  it('sign the text of the specification', () => {
    const signature = noteOf(cosigned(NOW_S)).signatures[1]?.signature as Buffer;
    const message = `cosignature/v1\ntime ${NOW_S}\n${noteOf(SIGNED).text}`;
    expect(signature).toHaveLength(72);
    expect(signature.readBigUInt64BE()).toBe(BigInt(NOW_S));
    expect(verify(WITNESS, Buffer.from(message), signature.subarray(8))).toBe(true);
  });

  it('leave the log’s own signature as it was', () => {
    expect(openCheckpoint(cosigned(NOW_S), [LOG, WITNESS])).toMatchObject({ ok: true, signedBy: [LOG, WITNESS] });
    expect(openCheckpoint(cosigned(NOW_S), [LOG])).toMatchObject({ ok: true, signedBy: [LOG] });
    expect(openCheckpoint(cosigned(NOW_S), [WITNESS])).toMatchObject({ ok: false, fault: 'other-origin' });
  });

  it('give the time that was signed', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (at_s) => {
        expect(verifyCosignature(noteOf(cosigned(at_s)), WITNESS)).toEqual({ ok: true, timestamp: at_s });
      }),
    );
    const twice = noteOf(cosigned(NOW_S, cosigned(NOW_S + 60)));
    expect(verifyCosignature(twice, WITNESS)).toEqual({ ok: true, timestamp: NOW_S + 60 });
  });

  it('are refused when the time, the text or any bit was altered', () => {
    const note = noteOf(cosigned(NOW_S));
    const [own, line] = note.signatures;
    if (!own || !line) throw new Error('two signatures');
    const refused = { ok: false, reason: 'a cosignature in the name of the key is not by it' };
    for (let bit = 0; bit < 72 * 8; bit++) {
      const signature = Buffer.from(line.signature);
      signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(verifyCosignature({ ...note, signatures: [own, { ...line, signature }] }, WITNESS)).toEqual(refused);
    }
    for (const signature of [line.signature.subarray(1), line.signature.subarray(8), Buffer.alloc(72)]) {
      expect(verifyCosignature({ ...note, signatures: [{ ...line, signature }] }, WITNESS)).toEqual(refused);
    }
    expect(verifyCosignature({ ...note, text: note.text.replace('5', '6') }, WITNESS)).toEqual(refused);
  });

  it('are refused with a time past 2^53 − 1, even when it is signed', () => {
    const note = noteOf(SIGNED);
    for (const at_s of [2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n]) {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(at_s);
      const message = Buffer.from(`cosignature/v1\ntime ${at_s}\n${note.text}`);
      const signature = Buffer.concat([time, sign(WITNESS, message)]);
      const line = { name: WITNESS.name, keyId: WITNESS.keyId, signature, line: '' };
      expect(verifyCosignature({ ...note, signatures: [line] }, WITNESS).ok).toBe(false);
    }
  });

  it('are looked for by name and key', () => {
    const note = noteOf(cosigned(NOW_S));
    const none = { ok: false, reason: 'no cosignature by the key' };
    const namesake = newSigningKey(WITNESS.name, Buffer.alloc(32, 9), KEY_TYPE.cosignature);
    expect(verifyCosignature(noteOf(SIGNED), WITNESS)).toEqual(none);
    expect(verifyCosignature(note, namesake)).toEqual(none);
    expect(verifyCosignature(note, LOG)).toEqual({ ok: false, reason: 'the key is not one for cosignatures' });
  });

  it('are not made of anything but a checkpoint, a time and a cosigner’s key', () => {
    expect(cosign('text\n', WITNESS, NOW_S)).toEqual({ ok: false, reason: 'no empty line before signatures' });
    const line = SIGNED.slice(SIGNED.indexOf('— '));
    expect(cosign(`text\n\n${line}`, WITNESS, NOW_S)).toEqual({ ok: false, reason: 'fewer than three lines' });
    expect(() => cosign(SIGNED, LOG, NOW_S)).toThrow(RangeError);
    for (const at_s of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => cosign(SIGNED, WITNESS, at_s)).toThrow(RangeError);
  });
});
