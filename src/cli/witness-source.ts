import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { VerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { inspectDirectory } from '../core/journal/directory.js';
import { ProcessLock } from '../core/journal/lock.js';
import { listSegments } from '../core/journal/segments.js';
import { cosignSeen } from '../core/seal/cosign-seen.js';
import { stateDirectoryOf } from '../core/seal/key-file.js';
import { sidecarPath } from '../core/seal/sidecar.js';
import { WitnessStore } from '../core/seal/witness-store.js';
import { appendWitnessed } from '../core/seal/witnessed.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';
import { auditOf } from './evidence-audit.js';
import { openedNote } from './known-note.js';
import { readVerifierKeys } from './note-input.js';
import { escapeText } from './output/escape.js';
import { writeVerbatim } from './output/verbatim.js';
import { requireSameKind, writeOutputFile } from './output-file.js';
import { requireGoesOn } from './witness-consistency.js';
import { keyOfWitness } from './witness-key.js';
import type { WitnessOptions } from './witness-options.js';
import { otherKeyHint, type Signed, summary, tellKeys, witnessJson } from './witness-report.js';
import { readShown, type Shown } from './witness-shown.js';
import { trustedKeys } from './witness-trust.js';

const LOCK_TIMEOUT_S = 30;

/** Signs what a log says of itself, after it was found to go on from what was seen of it before. */
export async function witnessSource(ctx: Context, source: string, options: WitnessOptions): Promise<number> {
  const { out } = options;
  await requireAsSigned(ctx, source);
  const signed = signUnderLock(ctx, source, options);
  if (out !== undefined) {
    requireSameKind(ctx, out, [`${signed.shown.origin}\n`, 'old ']);
    writeOutputFile(ctx, out, signed.note);
  }
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, witnessJson(signed, keepBesideLog(ctx, signed), out));
    return EXIT.done;
  }
  tellKeys(ctx, signed);
  if (out === undefined) writeVerbatim(ctx.out, signed.note);
  else ctx.out.write(summary(signed, out));
  keepBesideLog(ctx, signed);
  return EXIT.done;
}

/** Where the log itself is shown: nobody signs for lines that are not there, or not those of its own note. */
async function requireAsSigned(ctx: Context, source: string): Promise<void> {
  const dir = resolve(ctx.cwd, source);
  const isDirectory = statSync(dir, { throwIfNoEntry: false })?.isDirectory();
  if (!isDirectory || listSegments(dir, 'audit').length === 0) return;
  const report = await auditOf(ctx, dir, { inPassing: true });
  if (report?.audit_verdict !== 'TAMPERED' && report?.audit_verdict !== 'TRUNCATED') return;
  throw new OperatorError(
    'GRACE_LOG_CHANGED',
    EXIT.auditBroken,
    `${dir} is ${report.audit_verdict}: ${report.claims[0]?.reasons[0]}; nothing was signed`,
    { hint: `grace evidence audit --logs ${shellArguments(dir)}` },
  );
}

/** One at a time: two might each find another continuation of what was seen last, or one an older note than the other. */
function signUnderLock(ctx: Context, source: string, { store, witnessKey, vkey }: WitnessOptions): Signed {
  const given = vkey === undefined ? undefined : readVerifierKeys(ctx, vkey);
  const seen = WitnessStore.open(store === undefined ? defaultStore(ctx) : resolve(ctx.cwd, store));
  const keyFile = witnessKey === undefined ? seen.keyFile : resolve(ctx.cwd, witnessKey);
  const lock = new ProcessLock(seen.lockFile, { clock: ctx.clock, timeout_s: LOCK_TIMEOUT_S, jitter: ctx.jitter });
  try {
    return lock.runBlocking(() => sign(ctx, readShown(ctx, source), seen, keyFile, given));
  } finally {
    lock.close();
  }
}

function sign(
  ctx: Context,
  shown: Shown,
  store: WitnessStore,
  keyFile: string,
  given: readonly VerifierKey[] | undefined,
): Signed {
  const before = store.log(shown.origin);
  const trusted = trustedKeys(shown, store, before, given);
  const { checkpoint, note, signedBy } = openedNote(shown, trusted.keys, otherKeyHint(shown));
  if (before) requireGoesOn(shown, before, checkpoint);
  const signer = keyOfWitness(keyFile);
  const at_s = Math.floor(ctx.clock.now() / 1000);
  const cosigned = cosignSeen(note, signedBy, signer.key, at_s);
  if (shown.logs) store.rememberSource(shown.logs.dir, shown.origin);
  // On the disk before anybody gets the signature: after a crash this must still be what was seen last.
  store.remember(shown.origin, trusted.keys, cosigned);
  const { size, root } = checkpoint;
  return { shown, trusted, before, signer, at_s, note: cosigned, size, root };
}

/** The state directory of the account, as for keys of logs. */
function defaultStore({ env }: Pick<Context, 'env'>): string {
  const state = stateDirectoryOf(env);
  if (state !== undefined) return join(state, 'grace', 'witness');
  throw new OperatorError(
    'GRACE_USAGE',
    EXIT.usage,
    'there is no place for what a witness remembers: $HOME is not set',
    {
      hint: 'grace evidence witness SOURCE --store DIR',
    },
  );
}

/** Where the log is, if this account may write there; else somebody has to bring the note to it. */
function keepBesideLog(ctx: Context, { shown, note }: Signed): string | undefined {
  if (!shown.logs) return undefined;
  const { dir } = shown.logs;
  const isOurs = [dir, sidecarPath(dir)].every((path) => {
    const { ours, unwritable } = inspectDirectory(path);
    return ours && unwritable === undefined;
  });
  if (isOurs) {
    appendWitnessed(dir, note);
    return dir;
  }
  ctx.err.write(
    `grace: note: ${escapeText(`${dir} is not this account's to write in; the log's own has to take the note`)}\n` +
      `grace: hint: ${escapeText(`grace evidence witness --accept FILE --logs ${shellArguments(dir)}`)}\n`,
  );
  return undefined;
}
