/** Ed25519 keys in the forms of C2SP signed-note and Go's golang.org/x/mod/sumdb/note. */

import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { decodeBase64 } from './base64.js';
import { sha256 } from './hash.js';
import { isKeyName } from './key-name.js';
import { type Refusal, refused } from './refusal.js';

/** The signature types of C2SP signed-note that are known here. */
export const KEY_TYPE = {
  /** Signs the text of a note. */
  ed25519: 0x01,
  /** Signs a checkpoint with the time at which it was seen: C2SP tlog-cosignature. */
  cosignature: 0x04,
} as const;

export type KeyType = (typeof KEY_TYPE)[keyof typeof KEY_TYPE];

export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** 4 bytes; tells keys apart, and is too short to vouch for one. */
  readonly keyId: Buffer;
  /** 32 bytes, as in RFC 8032. */
  readonly publicKey: Buffer;
}

/** The private half stays inside the key object, so that a printed key shows none of it. */
export interface SigningKey extends VerifierKey {
  readonly privateKey: KeyObject;
}

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;

/** RFC 8410: what stands before the 32 bytes in the DER of a private and of a public Ed25519 key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * `seed` is 32 random bytes. A name that `isKeyName` refuses, or a seed of another length, is a bug and throws a
 * `RangeError`.
 */
export function newSigningKey(name: string, seed: Uint8Array, type: KeyType = KEY_TYPE.ed25519): SigningKey {
  if (!isKeyName(name)) throw new RangeError('not a name for a key');
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes`);
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { ...verifierKey(name, type, spki.subarray(SPKI_PREFIX.length)), privateKey };
}

function verifierKey(name: string, type: KeyType, publicKey: Buffer): VerifierKey {
  return { name, type, keyId: keyId(name, type, publicKey), publicKey };
}

/** The first four bytes of SHA-256 over the name, an LF, the type and the public key. */
export function keyId(name: string, type: KeyType, publicKey: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey])).subarray(0, 4);
}

/** `PRIVATE+KEY+<name>+<key id in hex>+<base64 of type and seed>`: a secret, for a file that one user may read. */
export function formatSigningKey(key: SigningKey): string {
  const der = key.privateKey.export({ format: 'der', type: 'pkcs8' });
  const material = Buffer.concat([Buffer.of(key.type), der.subarray(PKCS8_PREFIX.length)]);
  return `PRIVATE+KEY+${key.name}+${key.keyId.toString('hex')}+${material.toString('base64')}`;
}

/** The text of `formatSigningKey`, with nothing before or after. No reason quotes it. */
export function parseSigningKey(text: string): { readonly ok: true; readonly key: SigningKey } | Refusal {
  const prefix = 'PRIVATE+KEY+';
  if (!text.startsWith(prefix)) return refused('a signing key begins with PRIVATE+KEY+');
  const parts = keyParts(text.slice(prefix.length));
  if (!parts.ok) return parts;
  const { name, type, id, material } = parts.parts;
  const key = newSigningKey(name, material, type);
  if (key.keyId.toString('hex') !== id) return refused(WRONG_ID);
  return { ok: true, key };
}

/** `<name>+<key id in hex>+<base64 of type and public key>`, the vkey of C2SP signed-note. */
export function formatVerifierKey(key: VerifierKey): string {
  const material = Buffer.concat([Buffer.of(key.type), key.publicKey]);
  return `${key.name}+${key.keyId.toString('hex')}+${material.toString('base64')}`;
}

/** The text of `formatVerifierKey`, with nothing before or after. */
export function parseVerifierKey(text: string): { readonly ok: true; readonly key: VerifierKey } | Refusal {
  const parts = keyParts(text);
  if (!parts.ok) return parts;
  const { name, type, id, material } = parts.parts;
  const key = verifierKey(name, type, material);
  if (key.keyId.toString('hex') !== id) return refused(WRONG_ID);
  return { ok: true, key };
}

interface KeyParts {
  readonly name: string;
  readonly id: string;
  readonly type: KeyType;
  /** 32 bytes: a seed or a public key. */
  readonly material: Buffer;
}

const WRONG_ID = 'the key id is not that of the name and the key';

function keyParts(text: string): { readonly ok: true; readonly parts: KeyParts } | Refusal {
  // The name has no plus; base64 may have.
  const [, name, id, base64] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (name === undefined || id === undefined || base64 === undefined) {
    return refused('a key is a name, an id and the key, with a plus between them');
  }
  if (!isKeyName(name)) return refused('not a name for a key');
  if (!/^[0-9a-f]{8}$/.test(id)) return refused('a key id is 8 lower-case hex digits');
  const bytes = decodeBase64(base64);
  if (bytes === undefined) return refused('the key is not base64');
  const type = Object.values(KEY_TYPE).find((known) => known === bytes[0]);
  if (type === undefined) return refused('a type of key that is not known');
  if (bytes.length !== 1 + PUBLIC_KEY_BYTES) return refused('the key has the wrong length');
  return { ok: true, parts: { name, id, type, material: bytes.subarray(1) } };
}

/** 64 bytes of RFC 8032 over the message; the same key and message always give the same. */
export function sign(key: SigningKey, message: Uint8Array): Buffer {
  return signBytes(null, message, key.privateKey);
}

/** Whether the 64 bytes are this key's signature of the message. */
export function verify(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verifyBytes(null, message, publicKeyObject(key), signature);
}

/** The public key as openssl reads it: `openssl pkeyutl -verify -pubin -inkey …`. */
export function publicKeyPem(key: VerifierKey): string {
  return publicKeyObject(key).export({ format: 'pem', type: 'spki' }).toString();
}

/** Making one costs nearly as much as a signature's check, and a log has thousands of notes by one key. */
const keyObjects = new WeakMap<Buffer, KeyObject>();

function publicKeyObject({ publicKey }: VerifierKey): KeyObject {
  let object = keyObjects.get(publicKey);
  if (object === undefined) {
    object = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
    keyObjects.set(publicKey, object);
  }
  return object;
}
