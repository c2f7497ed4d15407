import { OperatorError } from '../core/errors.js';
import { saysSealed } from '../core/registry/queries/health.js';
import type { Registry } from '../core/registry/registry.js';
import { keyFileOf, keyPlaceOf, loadKey } from '../core/seal/key-file.js';
import { hasNotes } from '../core/seal/note-file.js';
import { positionOf } from '../core/seal/trusted-end.js';
import { verifierKeys } from '../core/seal/verifier-keys.js';
import type { Context } from './context.js';
import type { Finding, Mend } from './doctor-finding.js';

/** Whether the audit log is sealed and goes on being sealed; what was sealed, `evidence audit` verifies. */
export function sealFinding(ctx: Context, dir: string, registry: Registry, mend: Mend): Finding {
  const about = 'seal';
  const key = verifierKeys(dir).at(-1);
  if (!key || !hasNotes(dir)) {
    if (!registry.read(saysSealed)) {
      return { about, state: 'notice', text: 'the audit log is not sealed yet: the next record seals it' };
    }
    const text = 'NO SEAL: the audit log says that it was sealed, and what sealed it is gone';
    return {
      about,
      state: 'bad',
      text,
      mend: mend('evidence witness --rekey', 'seals it anew, and records the break'),
    };
  }
  const position = positionOf(dir);
  const waiting = position ? position.audit.lines - position.sealed : 0;
  const problem = keyProblem(ctx, key.name);
  const sealed = `${position?.sealed ?? 'an unknown number of'} lines are sealed as ${key.name}`;
  if (problem === undefined || waiting === 0) {
    return { about, state: 'good', text: `${sealed}; grace evidence audit verifies them` };
  }
  const text = `NO KEY: ${waiting} lines wait for a signature: ${problem}`;
  return { about, state: 'bad', text, mend: mend('evidence witness --rekey', 'if the key is not to be found') };
}

function keyProblem(ctx: Context, origin: string): string | undefined {
  const file = keyFileOf(keyPlaceOf(ctx.env), origin);
  if (file === undefined) return 'there is no place for keys, $HOME is not set';
  try {
    return loadKey(file) ? undefined : `there is no key at ${file}`;
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
}
