import { createPublicKey, verify as cryptoVerify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyName } from '../../../src/core/audit/key-name.js';
import {
  formatSigningKey,
  formatVerifierKey,
  KEY_TYPE,
  keyId,
  newSigningKey,
  parseSigningKey,
  parseVerifierKey,
  publicKeyPem,
  sign,
  verify,
} from '../../../src/core/audit/keys.js';

/** The example of the documentation of golang.org/x/mod/sumdb/note. */
const PETER = {
  skey: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
};

/** What that package generates from a seed of zeros. */
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';

/** A witness of public logs, as the tests of transparency-dev/formats name it. */
const REMORA = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2';

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const names = fc.string({ unit: 'grapheme', minLength: 1 }).filter(isKeyName);
const types = fc.constantFrom(...Object.values(KEY_TYPE));

describe('signing keys', () => {
  it('read the published one, and know its public half', () => {
    const parsed = parseSigningKey(PETER.skey);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.key.name).toBe('PeterNeumann');
    expect(parsed.key.keyId.toString('hex')).toBe('c74f20a3');
    expect(formatSigningKey(parsed.key)).toBe(PETER.skey);
    expect(formatVerifierKey(parsed.key)).toBe(PETER.vkey);
  });

  it('come out of a seed as those of Go do', () => {
    expect(formatVerifierKey(newSigningKey('EnochRoot', Buffer.alloc(32)))).toBe(ENOCH);
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(names, seeds, types, (name, seed, type) => {
        const text = formatSigningKey(newSigningKey(name, seed, type));
        const parsed = parseSigningKey(text);
        if (!parsed.ok) throw new Error(parsed.reason);
        expect(formatSigningKey(parsed.key)).toBe(text);
        expect(parsed.key).toMatchObject({ name, type });
      }),
    );
  });

  it('are not read when any character is another, or missing', () => {
    for (let i = 0; i < PETER.skey.length; i++) {
      const code = PETER.skey.charCodeAt(i);
      const altered = PETER.skey.slice(0, i) + String.fromCharCode(code + 1) + PETER.skey.slice(i + 1);
      expect(parseSigningKey(altered).ok, altered).toBe(false);
      for (let j = i + 1; j <= PETER.skey.length; j++) {
        const part = PETER.skey.slice(i, j);
        if (part !== PETER.skey) expect(parseSigningKey(part).ok, part).toBe(false);
      }
    }
  });

  it.each([
    ['', 'a signing key begins with PRIVATE+KEY+'],
    [PETER.vkey, 'a signing key begins with PRIVATE+KEY+'],
    ['PRIVATE+KEY+x', 'a key is a name, an id and the key, with a plus between them'],
    [`${PETER.skey}\n`, 'the key is not base64'],
    [PETER.skey.replace('c74f20a3', 'c74f20a4'), 'the key id is not that of the name and the key'],
    [PETER.skey.replace('AYEK', 'AIEK'), 'a type of key that is not known'],
    [PETER.skey.slice(0, -4), 'the key has the wrong length'],
  ])('%j is refused', (text, reason) => {
    expect(parseSigningKey(text)).toEqual({ ok: false, reason });
  });

  it('show nothing secret when they are printed', () => {
    const seed = Buffer.alloc(32, 0xa5);
    const key = newSigningKey('log', seed);
    const printed = JSON.stringify(key) + String(Object.values(key));
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(printed).not.toContain(seed.toString(form));
    expect(printed).not.toContain(String([...seed]));
  });

  it('are not made of a bad name or seed', () => {
    expect(() => newSigningKey('', Buffer.alloc(32))).toThrow(RangeError);
    expect(() => newSigningKey('a b', Buffer.alloc(32))).toThrow(RangeError);
    expect(() => newSigningKey('a', Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe('verifier keys', () => {
  it.each([
    [PETER.vkey, KEY_TYPE.ed25519],
    [ENOCH, KEY_TYPE.ed25519],
    ['example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', KEY_TYPE.ed25519],
    ['TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6', KEY_TYPE.ed25519],
    ['sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8', KEY_TYPE.ed25519],
    [REMORA, KEY_TYPE.cosignature],
  ])('%s, as published, is read', (text, type) => {
    const parsed = parseVerifierKey(text);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.key.type).toBe(type);
    expect(parsed.key.publicKey).toHaveLength(32);
    expect(formatVerifierKey(parsed.key)).toBe(text);
  });

  it('are not read when any character is another, or missing', () => {
    for (let i = 0; i < PETER.vkey.length; i++) {
      const code = PETER.vkey.charCodeAt(i);
      const altered = PETER.vkey.slice(0, i) + String.fromCharCode(code + 1) + PETER.vkey.slice(i + 1);
      expect(parseVerifierKey(altered).ok, altered).toBe(false);
      for (let j = i + 1; j <= PETER.vkey.length; j++) {
        const part = PETER.vkey.slice(i, j);
        if (part !== PETER.vkey) expect(parseVerifierKey(part).ok, part).toBe(false);
      }
    }
  });

  it.each([
    ['', 'a key is a name, an id and the key, with a plus between them'],
    ['name', 'a key is a name, an id and the key, with a plus between them'],
    ['+c74f20a3+AR', 'not a name for a key'],
    [PETER.vkey.replace('Peter', 'Peter '), 'not a name for a key'],
    [PETER.vkey.replace('c74f20a3', 'C74F20A3'), 'a key id is 8 lower-case hex digits'],
    [PETER.vkey.replace('c74f20a3', 'c74f20a'), 'a key id is 8 lower-case hex digits'],
    [`${PETER.vkey}\n`, 'the key is not base64'],
    ['PeterNeumann+c74f20a3+', 'a type of key that is not known'],
    ['PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'a type of key that is not known'],
    [`${PETER.vkey}AAAA`, 'the key has the wrong length'],
    [PETER.vkey.replace('Peter', 'Pater'), 'the key id is not that of the name and the key'],
  ])('%j is refused', (text, reason) => {
    expect(parseVerifierKey(text)).toEqual({ ok: false, reason });
  });

  it('of one seed differ by name and by type', () => {
    const seed = Buffer.alloc(32, 1);
    const { publicKey } = newSigningKey('a', seed);
    const ids = [
      keyId('a', KEY_TYPE.ed25519, publicKey),
      keyId('b', KEY_TYPE.ed25519, publicKey),
      keyId('a', KEY_TYPE.cosignature, publicKey),
    ];
    expect(new Set(ids.map((id) => id.toString('hex'))).size).toBe(3);
    expect(newSigningKey('a', seed, KEY_TYPE.cosignature).keyId).toEqual(ids[2]);
  });
});

describe('signatures', () => {
  it('has the first test vector of RFC 8032', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const key = newSigningKey('rfc8032', seed);
    expect(key.publicKey.toString('hex')).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(sign(key, Buffer.alloc(0)).toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });

  it('verify only for the key, the message and every bit of themselves', () => {
    const other = newSigningKey('log', Buffer.alloc(32, 9));
    fc.assert(
      fc.property(seeds, fc.uint8Array({ minLength: 1 }), fc.nat(511), (seed, message, bit) => {
        const key = newSigningKey('log', seed);
        const signature = sign(key, message);
        expect(verify(key, message, signature)).toBe(true);
        expect(verify(other, message, signature)).toBe(false);
        expect(verify(key, message.subarray(1), signature)).toBe(false);
        expect(verify(key, message, signature.subarray(1))).toBe(false);
        expect(verify(key, message, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
        signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(verify(key, message, signature)).toBe(false);
      }),
    );
  });

  it('by no key at all are refused and do not throw', () => {
    for (const byte of [0x00, 0x01, 0x7f, 0xff]) {
      const publicKey = Buffer.alloc(32, byte);
      const key = { name: 'x', type: KEY_TYPE.ed25519, keyId: keyId('x', KEY_TYPE.ed25519, publicKey), publicKey };
      expect(verify(key, Buffer.from('text'), Buffer.alloc(64, 0xff))).toBe(false);
    }
  });

  it('can be checked by others with the key as PEM', () => {
    const key = newSigningKey('log', Buffer.alloc(32, 3));
    const pem = publicKeyPem(key);
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/]{59}=\n-----END PUBLIC KEY-----\n$/);
    const message = Buffer.from('text');
    expect(cryptoVerify(null, message, createPublicKey(pem), sign(key, message))).toBe(true);
  });
});

describe('isKeyName', () => {
  it.each(['a', 'example.com/log', 'host/grace/0f', 'ключ', '\ufeff', '—'])('%j is one', (name) => {
    expect(isKeyName(name)).toBe(true);
  });

  it.each([
    '',
    ' ',
    'a b',
    'a+b',
    'a\n',
    'a\t',
    '\u0085',
    '\u00a0',
    '\u2003',
    '\u2028',
    '\u3000',
    'a\x00',
    '\x1f',
    '\ud800',
  ])('%j is none', (name) => {
    expect(isKeyName(name)).toBe(false);
  });
});
