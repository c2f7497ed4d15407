import type { VerifierKey } from '../core/audit/keys.js';
import { type OpenedCheckpoint, openCheckpoint } from '../core/audit/signed-checkpoint.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { NoteInput } from './note-input.js';

type Opened = Extract<OpenedCheckpoint, { ok: true }>;

/** A note that a key which is known has signed. Throws `GRACE_OTHER_KEY`, with its own hint, and `GRACE_NOTE_FORGED`. */
export function openedNote(
  { path, note }: Pick<NoteInput, 'path' | 'note'>,
  keys: readonly VerifierKey[],
  otherKeyHint = lookAt(path),
): Opened {
  const opened = openCheckpoint(note, keys);
  if (opened.ok) return opened;
  switch (opened.fault) {
    case 'bad-signature':
      throw new OperatorError('GRACE_NOTE_FORGED', EXIT.auditBroken, `${path}: ${opened.reason}`, {
        hint: lookAt(path),
      });
    case 'unsigned':
    case 'other-origin': {
      const known = [...new Set(keys.map(({ name }) => name))].join(', ');
      const message = `${path} is not signed by the key of ${known}: it is the note of another log, or of another key`;
      throw new OperatorError('GRACE_OTHER_KEY', EXIT.auditBroken, message, { hint: otherKeyHint });
    }
    default:
      throw new OperatorError(
        'GRACE_NOTE_INVALID',
        EXIT.invalidData,
        `${path}:1: this is no signed note: ${opened.reason}`,
        {
          hint: lookAt(path),
        },
      );
  }
}

function lookAt(path: string): string {
  return `ls -l ${shellArguments(path)}   # see what it is, and where it came from`;
}
