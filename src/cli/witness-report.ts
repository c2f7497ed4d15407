import { formatVerifierKey, type VerifierKey } from '../core/audit/keys.js';
import type { WitnessedLog } from '../core/seal/witness-store.js';
import { shellArguments } from '../core/shell-quoted.js';
import { count, counted } from '../evidence/words.js';
import type { Context } from './context.js';
import { instantOf } from './instant-of.js';
import { escapeText } from './output/escape.js';
import type { WitnessKey } from './witness-key.js';
import type { Shown } from './witness-shown.js';
import type { Trusted } from './witness-trust.js';

/** What a witness has signed, and what it knew before. */
export interface Signed {
  readonly shown: Shown;
  readonly trusted: Trusted;
  readonly before: WitnessedLog | undefined;
  readonly signer: WitnessKey;
  readonly at_s: number;
  readonly note: string;
  readonly size: number;
  readonly root: Buffer;
}

/** On stderr, what somebody has to compare or to keep: keys that nobody has vouched for, and the witness's own when it is new. */
export function tellKeys(ctx: Context, signed: Signed): void {
  const { trusted, signer, shown } = signed;
  const say = (text: string) => ctx.err.write(`grace: note: ${escapeText(text)}\n`);
  if (trusted.onFirstUse) {
    say(`${shown.origin} is seen for the first time, and trusted on its own word. Its public key:`);
    for (const key of trusted.keys) ctx.err.write(`${escapeText(formatVerifierKey(key))}\n`);
    say('compare it with the line that its host printed when the log was sealed');
  }
  for (const key of unknownKeys(signed)) {
    say(`${shown.origin} names another key, too, which this witness does not know: ${formatVerifierKey(key)}`);
    ctx.err.write(`grace: hint: ${escapeText(otherKeyHint(shown))}\n`);
  }
  if (signer.isNew) {
    say(`this witness has a key from now on, ${signer.file}. Its public half:`);
    ctx.err.write(`${escapeText(signer.vkey)}\n`);
    say("give that line to whoever judges the log's evidence");
  }
}

/** Keys that the log has named since: it is being given another one. */
function unknownKeys({ shown, trusted }: Signed): VerifierKey[] {
  const ofLog = (shown.logs?.keys ?? []).filter(({ name }) => name === shown.origin);
  return ofLog.filter(({ keyId }) => !trusted.keys.some((known) => known.keyId.equals(keyId)));
}

export function otherKeyHint({ path }: Shown): string {
  return `grace evidence witness --vkey FILE ${shellArguments(path)}   # if its key was replaced: with both keys, the former one too`;
}

export function summary({ shown, before, size, at_s, signer }: Signed, out: string): string {
  const since = before
    ? `goes on from the ${count(before.checkpoint.size)} seen${before.at_s === undefined ? '' : ` at ${instantOf(before.at_s)}`}`
    : 'is seen for the first time';
  return `WITNESSED: ${escapeText(`${shown.origin}, ${counted(size, 'line')}, ${since}`)}
  ${escapeText(`${out}  signed by ${signer.key.name} at ${instantOf(at_s)}`)}
`;
}

/** docs/json.md is its contract. */
export function witnessJson(signed: Signed, kept: string | undefined, out: string | undefined): object {
  const { shown, trusted, before, signer, at_s, note, size, root } = signed;
  return {
    schema: 'grace.witness/1',
    action: 'cosigned',
    source: shown.path,
    ...{ origin: shown.origin, size, root: root.toString('base64') },
    cosignatures: [{ name: signer.key.name, key_id: signer.key.keyId.toString('hex'), at: instantOf(at_s) }],
    witness: { vkey: signer.vkey, key_file: signer.file, is_new: signer.isNew },
    log_keys: trusted.keys.map(formatVerifierKey),
    trusted_on_first_use: trusted.onFirstUse,
    before: before
      ? {
          size: before.checkpoint.size,
          root: before.checkpoint.root.toString('base64'),
          at: before.at_s === undefined ? null : instantOf(before.at_s),
        }
      : null,
    note,
    file: out ?? null,
    kept_in: kept ?? null,
  };
}
