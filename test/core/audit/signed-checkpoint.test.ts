import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../../src/core/audit/checkpoint.js';
import {
  KEY_TYPE,
  newSigningKey,
  parseVerifierKey,
  type SigningKey,
  sign,
  type VerifierKey,
} from '../../../src/core/audit/keys.js';
import { formatNote, parseNote } from '../../../src/core/audit/note.js';
import { openCheckpoint, signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';
import { ARCHE, GO_SUM } from './published-checkpoints.js';

const ORIGIN = 'host/grace/0f';
const KEY = newSigningKey(ORIGIN, Buffer.alloc(32, 1));
const NEXT_KEY = newSigningKey(ORIGIN, Buffer.alloc(32, 2));
const OTHER_LOG = newSigningKey('other/grace/1f', Buffer.alloc(32, 3));
const CHECKPOINT = { origin: ORIGIN, size: 5, root: Buffer.alloc(32, 7) };

function vkey(text: string): VerifierKey {
  const parsed = parseVerifierKey(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.key;
}

function signed(text: string, ...keys: SigningKey[]): string {
  const line = (key: SigningKey) => ({ name: key.name, keyId: key.keyId, signature: sign(key, Buffer.from(text)) });
  return formatNote(text, keys.map(line));
}

describe('signCheckpoint', () => {
  it('is opened with the key, as text and as bytes', () => {
    const note = signCheckpoint(CHECKPOINT, [KEY]);
    expect(note.split('\n')).toHaveLength(6);
    const opened = openCheckpoint(note, [OTHER_LOG, KEY]);
    expect(opened).toMatchObject({ ok: true, checkpoint: CHECKPOINT, signedBy: [KEY] });
    expect(opened.ok && parseNote(note)).toEqual({ ok: true, note: opened.ok && opened.note });
    expect(openCheckpoint(Buffer.from(note), [KEY])).toEqual(openCheckpoint(note, [KEY]));
  });

  it('carries both signatures while a key is replaced', () => {
    const note = signCheckpoint(CHECKPOINT, [KEY, NEXT_KEY]);
    expect(openCheckpoint(note, [KEY])).toMatchObject({ ok: true, signedBy: [KEY] });
    expect(openCheckpoint(note, [NEXT_KEY])).toMatchObject({ ok: true, signedBy: [NEXT_KEY] });
    expect(openCheckpoint(note, [NEXT_KEY, KEY])).toMatchObject({ ok: true, signedBy: [KEY, NEXT_KEY] });
  });

  it('signs the same with the same key', () => {
    expect(signCheckpoint(CHECKPOINT, [KEY])).toBe(signCheckpoint(CHECKPOINT, [KEY]));
  });

  it('refuses keys that are not of this log, and a note without any', () => {
    const cosigner = newSigningKey(ORIGIN, Buffer.alloc(32, 1), KEY_TYPE.cosignature);
    expect(() => signCheckpoint(CHECKPOINT, [OTHER_LOG])).toThrow(RangeError);
    expect(() => signCheckpoint(CHECKPOINT, [KEY, OTHER_LOG])).toThrow(RangeError);
    expect(() => signCheckpoint(CHECKPOINT, [cosigner])).toThrow(RangeError);
    expect(() => signCheckpoint(CHECKPOINT, [])).toThrow(RangeError);
    expect(() => signCheckpoint({ ...CHECKPOINT, size: -1 }, [KEY])).toThrow(RangeError);
  });
});

describe('openCheckpoint', () => {
  const note = signCheckpoint(CHECKPOINT, [KEY]);
  const text = formatCheckpoint(CHECKPOINT);

  it.each([
    ['nothing', '', [KEY], 'not-a-note', 'no empty line before signatures'],
    ['a text without a signature', text, [KEY], 'not-a-note', 'no empty line before signatures'],
    ['a note that was cut', note.slice(0, -1), [KEY], 'not-a-note', 'the last line has no end'],
    ['another note', signed('hello\n', KEY), [KEY], 'not-a-checkpoint', 'fewer than three lines'],
    [
      'an extension line',
      signed(`${text}more\n`, KEY),
      [KEY],
      'not-a-checkpoint',
      'lines after the root are not accepted',
    ],
    ['no key', note, [], 'unsigned', 'no signature by a known key'],
    ['another key of the same name', note, [NEXT_KEY], 'unsigned', 'no signature by a known key'],
    ['the key of another log', note, [OTHER_LOG], 'unsigned', 'no signature by a known key'],
    [
      'another log that signs in this one’s place',
      signed(text, OTHER_LOG),
      [KEY, OTHER_LOG],
      'other-origin',
      'no known key that signed it bears the name of the origin',
    ],
    [
      'a size that was altered',
      note.replace('\n5\n', '\n6\n'),
      [KEY],
      'bad-signature',
      `a signature in the name of ${ORIGIN}+${KEY.keyId.toString('hex')} is not by that key`,
    ],
  ])('%s', (_, source, keys, fault, reason) => {
    expect(openCheckpoint(source, keys)).toEqual({ ok: false, fault, reason });
  });

  it('believes no note in which any one character was altered', () => {
    for (let i = 0; i < note.length; i++) {
      for (const character of ['A', 'B', '1', '\n', '=']) {
        const altered = note.slice(0, i) + character + note.slice(i + 1);
        if (altered !== note) expect(openCheckpoint(altered, [KEY]).ok, altered).toBe(false);
      }
      expect(openCheckpoint(note.slice(0, i), [KEY]).ok).toBe(false);
    }
  });

  it('does not take a cosigner of the same name for the log', () => {
    const seed = Buffer.alloc(32, 1);
    const cosigner = newSigningKey(ORIGIN, seed, KEY_TYPE.cosignature);
    expect(openCheckpoint(note, [cosigner])).toMatchObject({ fault: 'unsigned' });
  });

  it('opens the checkpoint of a public log, with its cosigners', () => {
    const keys = [ARCHE.vkey, ...ARCHE.cosigners].map(vkey);
    const opened = openCheckpoint(ARCHE.note, keys);
    expect(opened).toMatchObject({ ok: true, checkpoint: { size: 1_432_088_532 } });
    expect(opened.ok && new Set(opened.signedBy)).toEqual(new Set(keys));
    expect(openCheckpoint(ARCHE.note, keys.slice(1))).toMatchObject({ ok: false, fault: 'other-origin' });
    for (const key of keys) {
      expect(openCheckpoint(ARCHE.note.replace('532', '533'), [key])).toMatchObject({ fault: 'bad-signature' });
    }
  });

  it('does not open one whose key has another name than its origin', () => {
    expect(openCheckpoint(GO_SUM.note, [vkey(GO_SUM.vkey)])).toMatchObject({ ok: false, fault: 'other-origin' });
  });
});
