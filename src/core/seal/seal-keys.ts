import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatVerifierKey, newSigningKey, type SigningKey, type VerifierKey } from '../audit/keys.js';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { randomHex } from '../host/random.js';
import { logFailed } from '../journal/append.js';
import { replaceFile } from '../journal/replace-file.js';
import { fsyncDirectory } from '../journal/sync.js';
import { shellArguments } from '../shell-quoted.js';
import { isThere, type KeyPlace, keepKey, keyFileOf, loadKey, newKey } from './key-file.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';
import { verifierKeys } from './verifier-keys.js';

export interface SealKeyOptions {
  readonly dir: string;
  readonly keys: KeyPlace;
  /** Called with the reason why nobody signs. */
  readonly onMissing: (why: string) => void;
}

const NO_PLACE = 'there is no place for keys ($HOME is not set; name a file: --key FILE)';

/**
 * The key that signs for `vkey`. Throws `GRACE_WRONG_KEY` when another one is in its place. `isLastSigner`: it signed the
 * newest note, so that it was not replaced here, even if it was put aside for the sake of a copy.
 */
export function signingKeyOf(
  { dir, keys, onMissing }: SealKeyOptions,
  vkey: VerifierKey,
  isLastSigner: boolean,
): SigningKey | undefined {
  const file = keyFileOf(keys, vkey.name);
  if (file === undefined) {
    onMissing(NO_PLACE);
    return undefined;
  }
  const isRight = (key: SigningKey | undefined) => key?.publicKey.equals(vkey.publicKey) && key.name === vkey.name;
  const key = loadKey(file);
  if (isRight(key)) return key;
  const next = loadKey(nextFileOf(file));
  if (isRight(next)) {
    // The log names it already: a crash came before it could take its place.
    retire(file, key);
    renameSync(nextFileOf(file), file);
    return next;
  }
  // A copy of this log was given another key: the one of the log itself was put beside it.
  const retired = isLastSigner ? loadKey(retiredFileOf(file, vkey.keyId)) : undefined;
  if (isRight(retired)) return retired;
  if (!key) {
    onMissing(`there is no key at ${file}`);
    return undefined;
  }
  const [found, wanted] = [key, vkey].map(({ name, keyId }) => `${keyId.toString('hex')} of ${name}`);
  throw new OperatorError(
    'GRACE_WRONG_KEY',
    EXIT.usage,
    `${file} holds the key ${found}; this log is signed by ${wanted}`,
    {
      hint: `cat ${shellArguments(sidecarPath(dir, SIDECAR_FILE.vkey))}   # the public half of the right one, in its last line`,
    },
  );
}

/** A key of its own for a log that has none; the one that an interrupted attempt has made, if it did. */
export function keyForNewLog({
  dir,
  keys,
  onMissing,
}: SealKeyOptions): { key: SigningKey; keyFile: string } | undefined {
  if (keys.named === undefined && keys.directory === undefined) {
    onMissing(NO_PLACE);
    return undefined;
  }
  const begun = verifierKeys(dir).at(-1);
  const begunFile = begun && keyFileOf(keys, begun.name);
  const begunKey = begunFile === undefined ? undefined : loadKey(begunFile);
  if (begunFile !== undefined && begun && begunKey?.publicKey.equals(begun.publicKey)) {
    return { key: begunKey, keyFile: begunFile };
  }
  const key = newKey();
  const keyFile = keyFileOf(keys, key.name);
  if (keyFile === undefined) throw new Error('a place for keys has no file for one');
  if (isThere(keyFile)) {
    throw new OperatorError('GRACE_KEY_IN_USE', EXIT.refused, `${keyFile} is there: each log has a key of its own`, {
      hint: `ls -l ${shellArguments(keyFile)}   # name a file that is not there yet: --key FILE`,
    });
  }
  makeSidecar(dir);
  // The public half first: if a crash comes between the two, no key is kept of which nobody knows.
  replaceFile(sidecarPath(dir, SIDECAR_FILE.vkey), `${formatVerifierKey(key)}\n`);
  keepKey(keyFile, key);
  return { key, keyFile };
}

/** A key that is to follow another. */
export interface NextKey {
  readonly key: SigningKey;
  readonly vkey: string;
  /** In note form; `undefined` when none is known. */
  readonly before: string | undefined;
  /** Where it will stand. */
  readonly keyFile: string;
}

/** Makes the key that follows the present one, and keeps it beside it. It signs nothing until the log names it. */
export function makeNextKey({ dir, keys, onMissing }: SealKeyOptions): NextKey | undefined {
  const before = verifierKeys(dir).at(-1);
  const keyFile = before && keyFileOf(keys, before.name);
  if (!before || keyFile === undefined) {
    onMissing(NO_PLACE);
    return undefined;
  }
  const key = newSigningKey(before.name, Buffer.from(randomHex(32), 'hex'));
  rmSync(nextFileOf(keyFile), { force: true });
  keepKey(nextFileOf(keyFile), key);
  return { key, vkey: formatVerifierKey(key), before: formatVerifierKey(before), keyFile };
}

/** The public half beside the log first: whoever finds it looks for the other one in both places. */
export function putInPlace(dir: string, { vkey, keyFile }: NextKey): void {
  const path = sidecarPath(dir, SIDECAR_FILE.vkey);
  replaceFile(path, `${readFileSync(path, 'utf8').trimEnd()}\n${vkey}\n`);
  retire(keyFile, existsSync(keyFile) ? loadKey(keyFile) : undefined);
  renameSync(nextFileOf(keyFile), keyFile);
  fsyncDirectory(dirname(keyFile));
}

/** The file that was named makes room for the key of a new seal. */
export function retireNamed({ named }: KeyPlace): void {
  if (named !== undefined && isThere(named)) retire(named, loadKey(named));
}

/** Keeps a key that signs no more: what it signed may have to be shown. */
function retire(file: string, key: SigningKey | undefined): void {
  if (key) renameSync(file, retiredFileOf(file, key.keyId));
}

function retiredFileOf(keyFile: string, keyId: Buffer): string {
  return `${keyFile}.retired-${keyId.toString('hex')}`;
}

function nextFileOf(keyFile: string): string {
  return `${keyFile}.next`;
}

function makeSidecar(dir: string): void {
  const path = sidecarPath(dir);
  try {
    mkdirSync(path, { mode: 0o750 });
    fsyncDirectory(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    if (systemErrorSentence(error) === undefined) throw error;
    throw logFailed(path, 'written', error);
  }
}
