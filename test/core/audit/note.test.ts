import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyName } from '../../../src/core/audit/key-name.js';
import { KEY_TYPE, newSigningKey, parseVerifierKey, sign, type VerifierKey } from '../../../src/core/audit/keys.js';
import { formatNote, type Note, parseNote, parseSignatureLine, verifyNote } from '../../../src/core/audit/note.js';

const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const PETER = keyOf('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
const ENOCH = keyOf('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop');

function keyOf(vkey: string): VerifierKey {
  const parsed = parseVerifierKey(vkey);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.key;
}

function noteOf(source: string): Note {
  const parsed = parseNote(source);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.note;
}

describe('the notes of Go and C2SP', () => {
  const note = noteOf(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`);

  it('are read', () => {
    expect(note.text).toBe(TEXT);
    expect(note.signatures.map(({ name, keyId }) => `${name}+${keyId.toString('hex')}`)).toEqual([
      'PeterNeumann+c74f20a3',
      'EnochRoot+af0cfe78',
    ]);
    expect(note.signatures.map(({ signature }) => signature.length)).toEqual([64, 64]);
    expect(note.signatures.map(({ line }) => line)).toEqual([PETER_LINE, ENOCH_LINE]);
    expect(formatNote(note.text, note.signatures)).toBe(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`);
  });

  it('are signed by those who signed them', () => {
    expect(verifyNote(note, [PETER])).toEqual({ ok: true, signedBy: [PETER] });
    expect(verifyNote(note, [ENOCH, PETER])).toEqual({ ok: true, signedBy: [PETER, ENOCH] });
    const foo = keyOf('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
    const example =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    expect(verifyNote(noteOf(example), [foo])).toEqual({ ok: true, signedBy: [foo] });
    expect(verifyNote(noteOf(example), [PETER])).toMatchObject({ ok: false, fault: 'unsigned' });
  });

  it('come out of the published key byte for byte', () => {
    const enoch = newSigningKey('EnochRoot', Buffer.alloc(32));
    const signature = { name: enoch.name, keyId: enoch.keyId, signature: sign(enoch, Buffer.from(TEXT)) };
    expect(formatNote(TEXT, [signature])).toBe(`${TEXT}\n${ENOCH_LINE}`);
  });
});

describe('parseNote', () => {
  const good = `${TEXT}\n${PETER_LINE}`;

  it.each([
    ['', 'no empty line before signatures'],
    [TEXT, 'no empty line before signatures'],
    [`${TEXT.trimEnd()}${PETER_LINE}`, 'no empty line before signatures'],
    [`\n${PETER_LINE}`, 'no empty line before signatures'],
    [`${TEXT}\n`, 'no signatures'],
    [`${good}\n`, 'no signatures'],
    [good.trimEnd(), 'the last line has no end'],
    [`\x01${good}`, 'a control character'],
    [good.replaceAll('\n', '\r\n'), 'a control character'],
    [`a\tb\n\n${PETER_LINE}`, 'a control character'],
    [`a\x00b\n\n${PETER_LINE}`, 'a control character'],
    [`\ud800${good}`, 'not valid UTF-8'],
    [`${good}Unexpected line.\n`, 'a line after the empty line is no signature'],
    [good.replace('— PeterNeumann', '- PeterNeumann'), 'a line after the empty line is no signature'],
    [good.replace('— PeterNeumann', '—  PeterNeumann'), 'a line after the empty line is no signature'],
    [good.replace('PeterNeumann', 'Peter Neumann'), 'a line after the empty line is no signature'],
    [good.replace('PeterNeumann', 'Peter+Neumann'), 'a line after the empty line is no signature'],
    [good.replace('PeterNeumann', 'Peter\u00a0Neumann'), 'a line after the empty line is no signature'],
    [good.replace('nAM=\n', 'nAM\n'), 'a line after the empty line is no signature'],
    [good.replace('nAM=\n', 'nAN=\n'), 'a line after the empty line is no signature'],
    [good.replace('nAM=\n', 'nAM= \n'), 'a line after the empty line is no signature'],
    [good.replace('o/ZJ', 'o_ZJ'), 'a line after the empty line is no signature'],
    [`${TEXT}\n— PeterNeumann\n`, 'a line after the empty line is no signature'],
    [`${TEXT}\n— PeterNeumann \n`, 'a line after the empty line is no signature'],
    [`${TEXT}\n— PeterNeumann x08gow==\n`, 'a line after the empty line is no signature'],
    [`${TEXT}\n${PETER_LINE.repeat(101)}`, 'more than 100 signatures'],
    [`${'x'.repeat(1_000_000)}\n\n${PETER_LINE}`, 'longer than 1000000 bytes'],
    [`${'é'.repeat(500_000)}\n\n${PETER_LINE}`, 'longer than 1000000 bytes'],
  ])('%#: is refused', (source, reason) => {
    expect(parseNote(source)).toEqual({ ok: false, reason });
    if (!reason.includes('UTF-8')) expect(parseNote(Buffer.from(source))).toEqual({ ok: false, reason });
  });

  it('refuses bytes that are not UTF-8', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x80]]) {
      const source = Buffer.concat([Buffer.from(bytes), Buffer.from(good)]);
      expect(parseNote(source)).toEqual({ ok: false, reason: 'not valid UTF-8' });
    }
  });

  it('takes what the specification allows', () => {
    expect(noteOf(`\n\n${PETER_LINE}`).text).toBe('\n');
    expect(noteOf(`\n\n\na\n\n\n${PETER_LINE}`).text).toBe('\n\n\na\n\n');
    expect(noteOf(`\x7f \u2028é\u{1f600}\n\n${PETER_LINE}`).text).toBe('\x7f \u2028é\u{1f600}\n');
    expect(noteOf(`${TEXT}\n${PETER_LINE.repeat(100)}`).signatures).toHaveLength(100);
    // A text may hold what looks like signatures: only the last empty line counts.
    expect(noteOf(`${good}\n${ENOCH_LINE}`).text).toBe(good);
    expect(noteOf(`\ufeff${good}`).text).toBe(`\ufeff${TEXT}`);
  });

  it('reads back whatever can be formatted', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' })).map((lines) => `${lines.join('\n')}\n`);
    const signatures = fc.record({
      name: fc.string({ unit: 'grapheme', minLength: 1 }).filter(isKeyName),
      keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
      signature: fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    });
    const notes = fc.tuple(
      texts.filter((text) => !/[\x00-\x09\x0b-\x1f]/.test(text)),
      fc.array(signatures, { minLength: 1, maxLength: 20 }),
    );
    fc.assert(
      fc.property(notes, ([text, given]) => {
        const written = formatNote(text, given);
        const note = noteOf(written);
        expect(note.text).toBe(text);
        expect(note.signatures.map(({ line, ...signature }) => signature)).toEqual(given);
        expect(`${note.text}\n${note.signatures.map(({ line }) => line).join('')}`).toBe(written);
        expect(parseNote(Buffer.from(written))).toEqual({ ok: true, note });
      }),
    );
  });

  it('never throws', () => {
    const pieces = fc.constantFrom('\n', '\n\n', '— ', 'a', ' ', PETER_LINE, '\x00', '\ud800', 'x08go/ZJ', '=', TEXT);
    fc.assert(
      fc.property(fc.array(pieces), fc.uint8Array(), (text, bytes) => {
        const source = text.join('');
        const parsed = parseNote(source);
        if (parsed.ok) expect(formatNote(parsed.note.text, parsed.note.signatures)).toBe(source);
        parseNote(bytes);
        parseSignatureLine(source);
      }),
    );
  });
});

describe('formatNote', () => {
  const signature = { name: 'a', keyId: Buffer.alloc(4), signature: Buffer.alloc(64) };

  it.each([
    ['no newline', [signature]],
    ['', [signature]],
    ['text\n', []],
    ['te\rxt\n', [signature]],
    ['text\n', [{ ...signature, name: 'a b' }]],
    ['text\n', [{ ...signature, name: '' }]],
    ['text\n', [{ ...signature, signature: Buffer.alloc(0) }]],
    ['text\n', new Array(101).fill(signature)],
  ])('%#: throws for what is no note', (text, signatures) => {
    expect(() => formatNote(text, signatures)).toThrow(RangeError);
  });
});

describe('verifyNote', () => {
  const key = newSigningKey('log', Buffer.alloc(32, 1));
  const other = newSigningKey('log', Buffer.alloc(32, 2));
  const stranger = newSigningKey('stranger', Buffer.alloc(32, 3));
  const text = 'text\n';
  const by = (signer: typeof key, what = text) => ({
    name: signer.name,
    keyId: signer.keyId,
    signature: sign(signer, Buffer.from(what)),
  });
  const verdict = (signatures: ReturnType<typeof by>[], keys: VerifierKey[]) =>
    verifyNote(noteOf(formatNote(text, signatures)), keys);
  const badSignature = {
    ok: false,
    fault: 'bad-signature',
    reason: `a signature in the name of log+${key.keyId.toString('hex')} is not by that key`,
  };

  it('passes over keys that are not known', () => {
    expect(verdict([by(stranger), by(key)], [key])).toEqual({ ok: true, signedBy: [key] });
    expect(verdict([by(stranger, 'other\n'), by(key)], [key])).toEqual({ ok: true, signedBy: [key] });
    expect(verdict([by(stranger)], [key])).toMatchObject({ fault: 'unsigned', reason: 'no signature by a known key' });
    expect(verdict([by(key)], [])).toMatchObject({ fault: 'unsigned' });
  });

  it('passes over the same name with another id, and the same id with another name', () => {
    expect(verdict([by(other)], [key])).toMatchObject({ fault: 'unsigned' });
    expect(verdict([{ ...by(key), name: 'stranger' }], [key])).toMatchObject({ fault: 'unsigned' });
  });

  it('refuses the note for one bad signature in a known name, wherever it stands', () => {
    const bad = by(key, 'other\n');
    expect(verdict([bad], [key])).toEqual(badSignature);
    expect(verdict([bad, by(other)], [key, other])).toEqual(badSignature);
    expect(verdict([by(other), bad], [key, other])).toEqual(badSignature);
    expect(verdict([by(key), bad], [key])).toEqual(badSignature);
    expect(verdict([{ ...by(key), signature: by(key).signature.subarray(0, 63) }], [key])).toEqual(badSignature);
    expect(verdict([{ ...by(other), keyId: key.keyId }], [key, other])).toEqual(badSignature);
  });

  it('names a key once', () => {
    expect(verdict([by(key), by(key)], [key])).toEqual({ ok: true, signedBy: [key] });
    expect(verdict([by(key), by(other)], [other, key])).toEqual({ ok: true, signedBy: [key, other] });
  });

  it('tells two known keys apart that share name and id', () => {
    const twin = { ...other, keyId: key.keyId };
    expect(verdict([by(key)], [twin, key])).toEqual({ ok: true, signedBy: [key] });
  });

  it('does not take a plain signature for a cosignature', () => {
    const cosigner = newSigningKey('log', Buffer.alloc(32, 1), KEY_TYPE.cosignature);
    expect(verdict([by(cosigner)], [cosigner])).toMatchObject({ fault: 'bad-signature' });
  });
});
