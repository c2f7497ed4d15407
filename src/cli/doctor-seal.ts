import { OperatorError } from '../core/errors.js';
import { saysSealed } from '../core/registry/queries/health.js';
import type { Registry } from '../core/registry/registry.js';
import { keyFileOf, keyPlaceOf, loadKey } from '../core/seal/key-file.js';
import { hasNotes } from '../core/seal/note-file.js';
import { SIDECAR_DIR } from '../core/seal/sidecar.js';
import { positionOf } from '../core/seal/trusted-end.js';
import { verifierKeys } from '../core/seal/verifier-keys.js';
import { whyRefused } from '../core/seal/why-refused.js';
import { shellArguments } from '../core/shell-quoted.js';
import { counted } from '../evidence/words.js';
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
    const what = key ? 'its notes are gone' : hasNotes(dir) ? 'its public key is gone' : 'what sealed it is gone';
    return {
      about,
      state: 'bad',
      text: `NO SEAL: the audit log says that it was sealed, and ${what}`,
      mend: mend('evidence witness --rekey', `only if ${SIDECAR_DIR} cannot be put back from a copy: seals it anew`),
    };
  }
  const refused = whyRefused(
    dir,
    registry.control((view) => view.sealedAs()),
  );
  if (refused !== undefined) {
    const text = `the next record would be refused, the seal is broken: ${refused}`;
    return {
      about,
      state: 'bad',
      text,
      mend: mend('evidence audit', 'tells what was changed; put that back from a copy'),
    };
  }
  const position = positionOf(dir);
  const waiting = position ? position.audit.lines - position.sealed : 0;
  const problem = keyProblem(ctx, key.name, mend);
  const sealed = `sealed as ${key.name}: ${position ? counted(position.sealed, 'line') : 'an unknown number of lines'}`;
  if (problem === undefined || waiting === 0) {
    return { about, state: 'good', text: `${sealed}; grace evidence audit verifies them` };
  }
  const text = `NO KEY: ${counted(waiting, 'line')} without a signature: ${problem.why}`;
  return { about, state: 'bad', text, mend: problem.mend };
}

/** Why nobody signs, and what ends that. */
function keyProblem(ctx: Context, origin: string, mend: Mend): { why: string; mend: string } | undefined {
  const file = keyFileOf(keyPlaceOf(ctx.env), origin);
  if (file === undefined) {
    return {
      why: 'there is no place for keys, $HOME is not set',
      mend: 'export GRACE_KEY=FILE   # or $HOME: the key is in $HOME/.local/state/grace/keys',
    };
  }
  try {
    if (loadKey(file)) return undefined;
    const rekey = mend('evidence witness --rekey', 'only if the key cannot be put back: another one signs from now on');
    return { why: `there is no key at ${file}`, mend: rekey };
  } catch (error) {
    if (error instanceof OperatorError)
      return { why: error.message, mend: error.hint ?? `ls -l ${shellArguments(file)}` };
    throw error;
  }
}
