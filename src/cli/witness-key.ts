import { hostname } from 'node:os';
import { formatVerifierKey, KEY_TYPE, newSigningKey, type SigningKey } from '../core/audit/keys.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { randomHex } from '../core/host/random.js';
import { keepKey, loadKey } from '../core/seal/key-file.js';
import { shellArguments } from '../core/shell-quoted.js';

export interface WitnessKey {
  readonly key: SigningKey;
  /** The public half. */
  readonly vkey: string;
  readonly file: string;
  /** It was made just now. */
  readonly isNew: boolean;
}

/** The key by which a witness cosigns; made, for this account alone, when there is none. Called under the witness's lock. */
export function keyOfWitness(file: string): WitnessKey {
  const kept = loadKey(file);
  if (kept && kept.type !== KEY_TYPE.cosignature) {
    throw new OperatorError('GRACE_KEY_INVALID', EXIT.usage, `${file} holds the key of a log, not that of a witness`, {
      hint: `ls -l ${shellArguments(file)}   # name a file that is not there yet: --witness-key FILE`,
    });
  }
  const key = kept ?? newWitnessKey();
  if (!kept) keepKey(file, key);
  return { key, vkey: formatVerifierKey(key), file, isNew: kept === undefined };
}

/** `<host>/grace-witness/<64 random bits>`: no other witness has its name. */
function newWitnessKey(): SigningKey {
  const host = hostname().replace(/[^A-Za-z0-9.-]/g, '-') || 'localhost';
  return newSigningKey(
    `${host}/grace-witness/${randomHex(8)}`,
    Buffer.from(randomHex(32), 'hex'),
    KEY_TYPE.cosignature,
  );
}
