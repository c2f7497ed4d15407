import type { Checkpoint } from '../core/audit/checkpoint.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { shellArguments } from '../core/shell-quoted.js';
import { count, counted } from './words.js';

/** A checkpoint that somebody has seen, and when; `at` undefined: nobody wrote that down. */
export interface Seen extends Pick<Checkpoint, 'origin' | 'size' | 'root'> {
  readonly at?: string | undefined;
}

type Tree = Pick<Checkpoint, 'size' | 'root'>;

interface Shrunk {
  readonly source: string;
  readonly seen: Seen;
  readonly size: number;
  /** It is a note that somebody brought, not the log itself. */
  readonly mayBeOld?: boolean;
}

/** Lines that were signed for are not there any more: the log was cut, or rolled back together with its seal. */
export function logShrank({ source, seen, size, mayBeOld }: Shrunk): OperatorError {
  return new OperatorError(
    'GRACE_LOG_SHRANK',
    EXIT.auditBroken,
    `${seen.origin} shrank${mayBeOld ? ', or this note is an old one' : ''}: ${counted(seen.size, 'line')} were signed for${when(seen)}, now it is ${count(size)}`,
    { hint: hint(source) },
  );
}

/** The first lines of the log are not those that were signed for. */
export function logForked({ source, seen, now }: { source: string; seen: Seen; now: Tree }): OperatorError {
  const { size, root } = now;
  return new OperatorError(
    'GRACE_LOG_FORKED',
    EXIT.auditBroken,
    `${seen.origin} forked: ${count(seen.size)} lines were signed for with the root ${base64(seen.root)}${when(seen)}, and the ${count(size)} lines with the root ${base64(root)} do not go on from them`,
    { hint: hint(source) },
  );
}

function when({ at }: Seen): string {
  return at === undefined ? '' : `, seen at ${at}`;
}

function base64(hash: Buffer): string {
  return hash.toString('base64');
}

function hint(source: string): string {
  return `cp -a ${shellArguments(source, `${source}.disputed`)}   # it is evidence; keep the older note, too`;
}
