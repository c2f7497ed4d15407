import { closeSync, constants, fstatSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorSentence } from '../core/errors.js';
import { readSmallFile } from '../core/journal/small-file.js';

/**
 * How many steps of an act have come to their end, in a file beside the logs while it runs: after a crash only the step that
 * was under way is ended. Not synced, for after a power cut nothing runs any more. Where it could not be written, no step
 * counts as ended.
 */

/** Then the entry id of the claim. */
const PREFIX = '.act-';
const CLAIM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const MAX_BYTES = 32;

export function isActFile(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** By claim. */
export function endedSteps(dir: string): Map<string, number> {
  const files = readdirSync(dir).filter(isActFile);
  return new Map(files.map((name) => [name.slice(PREFIX.length), countIn(join(dir, name))]));
}

export function noteEndedSteps(dir: string, claim_id: string, steps: number): void {
  if (!CLAIM.test(claim_id)) return;
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  excusing(() => {
    const fd = openSync(join(dir, `${PREFIX}${claim_id}`), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const stat = fstatSync(fd);
      // In place: there is no moment at which the former number is gone. A greater number is never shorter.
      if (stat.isFile() && stat.nlink === 1) writeSync(fd, `${steps}\n`, 0);
    } finally {
      closeSync(fd);
    }
  });
}

export function forgetAct(dir: string, claim_id: string): void {
  if (CLAIM.test(claim_id)) excusing(() => unlinkSync(join(dir, `${PREFIX}${claim_id}`)));
}

function countIn(path: string): number {
  let text = '';
  excusing(() => {
    text = readSmallFile(path, MAX_BYTES)?.toString('latin1') ?? '';
  });
  return /^\d{1,9}\n$/.test(text) ? Number(text) : 0;
}

/** What the system refuses is no reason to stop. */
function excusing(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (systemErrorSentence(error) === undefined) throw error;
  }
}
