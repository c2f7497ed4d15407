import type { VerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError } from '../core/errors.js';
import type { WitnessedLog, WitnessStore } from '../core/seal/witness-store.js';
import { shellArguments } from '../core/shell-quoted.js';
import { instantOf } from './instant-of.js';
import type { Shown } from './witness-shown.js';

export interface Trusted {
  readonly keys: readonly VerifierKey[];
  /** The keys came from the log itself, and nobody has vouched for them. */
  readonly onFirstUse: boolean;
}

/**
 * The keys by which the log is judged: those that the witness has kept, else those it was given, else, of a directory that
 * is seen for the first time, the directory's own. Throws `GRACE_OTHER_KEY`: what was this log before is now another.
 */
export function trustedKeys(
  shown: Shown,
  store: WitnessStore,
  known: WitnessedLog | undefined,
  given: readonly VerifierKey[] | undefined,
): Trusted {
  const { origin, logs, path } = shown;
  const ofLog = given?.filter(({ name }) => name === origin);
  if (given && ofLog?.length === 0) {
    throw otherKey(path, `${path} is the log ${origin}, and the key is that of ${namesOf(given)}`);
  }
  if (known && ofLog && !known.keys.some((kept) => ofLog.some((key) => isSame(key, kept)))) {
    throw otherKey(path, `${origin} was seen with another key than the one that is given now`);
  }
  if (known) return { keys: [...known.keys, ...newOf(ofLog ?? [], known.keys)], onFirstUse: false };
  if (ofLog) return { keys: ofLog, onFirstUse: false };
  if (logs) requireSameLog(logs.dir, origin, store);
  if (logs) return { keys: logs.keys.filter(({ name }) => name === origin), onFirstUse: true };
  throw new OperatorError(
    'GRACE_WITNESS_NEEDS_KEY',
    EXIT.usage,
    `${origin} has not been seen before, and a note alone does not say by which key it is to be judged`,
    {
      hint: `grace evidence witness --vkey FILE ${shellArguments(path)}   # the key as its host printed it when it was sealed`,
    },
  );
}

/** A directory in which another log was found before: whoever replaced everything there has made a new key as well. */
function requireSameLog(dir: string, origin: string, store: WitnessStore): void {
  const before = store.originAt(dir);
  if (before === undefined || before === origin) return;
  const last = store.log(before);
  const seen = last?.at_s === undefined ? '' : ` of ${last.checkpoint.size} lines at ${instantOf(last.at_s)}`;
  throw otherKey(dir, `${dir} was the log ${before}${seen}; now it says that it is ${origin}`);
}

function otherKey(path: string, why: string): OperatorError {
  return new OperatorError('GRACE_OTHER_KEY', EXIT.auditBroken, why, {
    hint: `grace evidence witness --vkey FILE ${shellArguments(path)}   # if that is right: with the key of that log`,
  });
}

function newOf(keys: readonly VerifierKey[], kept: readonly VerifierKey[]): VerifierKey[] {
  return keys.filter((key) => !kept.some((one) => isSame(one, key)));
}

function isSame(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && a.type === b.type && a.publicKey.equals(b.publicKey);
}

function namesOf(keys: readonly VerifierKey[]): string {
  return [...new Set(keys.map(({ name }) => name))].join(', ');
}
