import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Finding } from '../check.js';
import { parsesAs } from '../parses-as.js';
import { openRegularFile, troubleOf } from '../regular-file.js';

type FileSpec = CheckSpecs['file'];

const CHUNK_BYTES = 256 * 1024;

/** Looks at a file; links are followed. What is no regular file is never opened. */
export async function probeFile(spec: FileSpec, clock: Clock): Promise<Finding> {
  const { path } = spec;
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (error) {
    return judgeAbsent(spec, error);
  }
  if (!spec.exists) return { status: 'critical', summary: `${path} is there and should not be` };
  if (!stats.isFile()) return { status: 'critical', summary: `${path} is ${kindOf(stats)}, and no regular file` };
  const fault = outsideFault(spec, stats, clock.now());
  if (fault !== undefined) return { status: 'critical', summary: `${path} ${fault}` };
  return (
    (await judgeContent(spec)) ??
    (await judgeSyntax(spec, clock)) ?? { status: 'ok', summary: `${path} is as expected` }
  );
}

function judgeAbsent({ path, exists }: FileSpec, error: unknown): Finding {
  const { code } = error as NodeJS.ErrnoException;
  // Links that lead round in a circle lead to no file.
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    if (exists) return { status: 'critical', summary: `${path} is missing` };
    return { status: 'ok', summary: `${path} is not there, as expected` };
  }
  return { status: 'unknown', summary: `the check cannot run: ${path}: ${troubleOf(error).sentence}` };
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** `undefined`: age and size are as they should be. */
function outsideFault(spec: FileSpec, { mtimeMs, size }: Stats, now: number): string | undefined {
  const { newer_than, older_than, size_above, size_below } = spec;
  const age_s = (now - mtimeMs) / 1000;
  const changed = age_s < 0 ? `was changed ${inWords(-age_s)} in the future` : `was changed ${inWords(age_s)} ago`;
  if (newer_than !== undefined && age_s >= newer_than)
    return `${changed}, and should have been within ${inWords(newer_than)}`;
  if (older_than !== undefined && age_s <= older_than)
    return `${changed}, and should not have been for ${inWords(older_than)}`;
  if (size_above !== undefined && size <= size_above)
    return `has ${size} bytes, and should have more than ${size_above}`;
  if (size_below !== undefined && size >= size_below)
    return `has ${size} bytes, and should have less than ${size_below}`;
  return undefined;
}

function inWords(s: number): string {
  if (s < 120) return `${Math.floor(s)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} days`;
}

async function judgeContent({ path, sha256, contains }: FileSpec): Promise<Finding | undefined> {
  if (sha256 === undefined && contains === undefined) return undefined;
  const opened = await openRegularFile(path);
  if ('trouble' in opened) return unknown(path, opened.trouble.sentence);
  try {
    const found = await readThrough(opened.handle, contains === undefined ? undefined : Buffer.from(contains));
    if (sha256 !== undefined && found.sha256 !== sha256) {
      return { status: 'critical', summary: `${path} has the SHA-256 ${found.sha256}, and not the expected one` };
    }
    if (contains === undefined || found.contains) return undefined;
    return { status: 'critical', summary: `${path} does not contain ${JSON.stringify(contains)}` };
  } catch (error) {
    return unknown(path, troubleOf(error).sentence);
  } finally {
    await opened.handle.close();
  }
}

async function readThrough(handle: FileHandle, wanted = Buffer.alloc(0)) {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(wanted.length + CHUNK_BYTES);
  let contains = wanted.length === 0;
  /** So much of what came before may be the beginning of what is wanted. */
  let carried = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, carried, CHUNK_BYTES, null);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), contains };
    hash.update(buffer.subarray(carried, carried + bytesRead));
    const filled = carried + bytesRead;
    contains ||= buffer.subarray(0, filled).includes(wanted);
    carried = Math.min(filled, Math.max(0, wanted.length - 1));
    buffer.copyWithin(0, filled - carried, filled);
  }
}

async function judgeSyntax({ path, parses_as }: FileSpec, clock: Clock): Promise<Finding | undefined> {
  if (parses_as === undefined) return undefined;
  const parsed = await parsesAs(parses_as, path, clock);
  if (parsed.kind === 'parses') return undefined;
  if (parsed.kind === 'undecided') return unknown(path, parsed.detail);
  return { status: 'critical', summary: `${path} is no ${parses_as.toUpperCase()}: ${parsed.detail}` };
}

function unknown(path: string, why: string): Finding {
  return { status: 'unknown', summary: `the check cannot run: ${path}: ${why}` };
}
