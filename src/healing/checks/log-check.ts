import { closeSync } from 'node:fs';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Finding } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { readLines } from './log-lines.js';
import { identityOf, isAt, NOWHERE, openRegular, openRenamed, type Place, placeAt, placeIn } from './log-place.js';
import { shortened, sizeShown } from './shown.js';

type Spec = CheckSpecs['log'];
type Matches = (line: string) => boolean;

/** Of one probe; the next one reads on. */
const MAX_BYTES = 8 * 2 ** 20;
const MAX_SHOWN = 300;

export interface LogMemory {
  /** What {@link remember} was told last, perhaps long ago, perhaps nothing. */
  readonly remembered: unknown;
  readonly remember: (place: Place) => void;
}

/** To compile an expression takes longer than most looks. */
const matchers = new WeakMap<Spec, Matches>();

/**
 * Counts the matching lines that were written since the last look; the first look only finds the end. A file that was
 * renamed is read to its end, if it still lies beside the path, before the new one from its start; one that was truncated
 * starts over. A line without an end waits until it has one, or has not grown from one look to the next.
 */
export async function probeLog(spec: Spec, memory: LogMemory): Promise<Finding> {
  let matches: Matches;
  try {
    matches = await matcherOf(spec);
  } catch (error) {
    return unknown(`the pattern cannot be used: ${(error as Error).message}`);
  }
  let fd: number | undefined;
  try {
    fd = openRegular(spec.path);
    const last = placeIn(memory.remembered);
    if (fd === undefined) {
      if (last === undefined) memory.remember(NOWHERE);
      return unknown(`there is no file ${spec.path}`);
    }
    if (last !== undefined) return await readOn(spec, matches, fd, last, memory.remember);
    memory.remember(await placeAt(fd, identityOf(fd).size));
    return { status: 'ok', summary: `${spec.path} is read from here on` };
  } catch (error) {
    return unknown(cannotRun(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

async function readOn(
  spec: Spec,
  matches: Matches,
  fd: number,
  last: Place,
  remember: LogMemory['remember'],
): Promise<Finding> {
  const { path, least } = spec;
  const now = identityOf(fd);
  const notes: string[] = [];
  let lines = 0;
  let first = '';
  let bytes = 0;
  const read = async (from: number, offset: number, unended: boolean) => {
    const done = await readLines(from, offset, { most: MAX_BYTES - bytes, unended }, (line) => {
      if (!matches(line)) return;
      if (lines === 0) first = line.slice(0, MAX_SHOWN);
      lines++;
    });
    bytes += done.bytes;
    const waiting = bytes < MAX_BYTES ? 0 : identityOf(from).size - done.offset;
    if (waiting > 0) notes.push(`${sizeShown(bytes)} were read, ${sizeShown(waiting)} wait for the next look`);
    remember(await placeAt(from, done.offset));
    return waiting === 0;
  };

  if (await isAt(last, fd)) await read(fd, last.offset, last.size === now.size);
  else if (last.device === now.device && last.inode === now.inode) {
    notes.push('it was truncated or written anew, and is read from its start');
    await read(fd, 0, false);
  } else {
    const old = await openRenamed(path, last);
    let wholly = true;
    if (old !== undefined) {
      try {
        wholly = await read(old, last.offset, true);
      } finally {
        closeSync(old);
      }
    } else if (last.device !== '') notes.push('the file before it is gone, and whatever was written to its end');
    if (wholly) await read(fd, 0, false);
  }

  const count = `${lines === 0 ? 'no' : lines} matching line${lines === 1 ? '' : 's'} in ${path} since the last look`;
  return {
    status: lines >= least ? 'critical' : 'ok',
    summary: shortened(`${[count, ...notes].join('; ')}${lines === 0 ? '' : `: ${first}`}`),
    perfdata: [{ label: 'matches', value: lines, unit: '', min: 0 }],
  };
}

async function matcherOf(spec: Spec): Promise<Matches> {
  const known = matchers.get(spec);
  if (known !== undefined) return known;
  const { RE2JS } = await import('re2js');
  const pattern = RE2JS.compile(spec.pattern);
  const ignore = spec.ignore === undefined ? undefined : RE2JS.compile(spec.ignore);
  const matches = (line: string) => pattern.test(line) && ignore?.test(line) !== true;
  matchers.set(spec, matches);
  return matches;
}

function unknown(summary: string): Finding {
  return { status: 'unknown', summary };
}
