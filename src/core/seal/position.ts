import { readSync } from 'node:fs';

/** One file as far as grace has written it, or taken into the record what others wrote. Inode 0: it is not known. */
export interface WrittenFile {
  readonly dev: number;
  readonly ino: number;
  /** Always the end of a line. */
  readonly bytes: number;
}

/** No file is this one: it is looked at anew. */
export const UNKNOWN_FILE: WrittenFile = { dev: 0, ino: 0, bytes: 0 };

/**
 * Where grace stands in the two logs. Not synced and not evidence: after a power cut it may be old, and is put right from
 * the newest note and the log. It tells our own lines, which have an effect, from those that other programs appended.
 */
export interface Position {
  readonly audit: WrittenFile & {
    /** Lines of older files, which come before the first line of this one. */
    readonly first: number;
    /** Lines over all files; the next one has this index. */
    readonly lines: number;
  };
  readonly incidents: WrittenFile;
  /** Size of the tree in the newest note. */
  readonly sealed: number;
  /** Bytes of the file of notes. */
  readonly notes: number;
  /** Full tiles of level 0 on disk. */
  readonly tiles: number;
}

/**
 * Little-endian doubles, which hold every whole number that occurs: a magic one, eleven values, a check. It is read and
 * written several times for each record, so it is not text. One write at the start of a page: a process that is killed
 * leaves the old one or the new one.
 */
const MAGIC = 0x67726163_01;
const VALUES = 11;
const RECORD_BYTES = 8 * (VALUES + 2);

export function formatPosition({ audit, incidents, sealed, notes, tiles }: Position): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  const { dev, ino, first, lines, bytes } = audit;
  let at = record.writeDoubleLE(MAGIC);
  for (const n of [dev, ino, first, lines, bytes]) at = record.writeDoubleLE(n, at);
  for (const n of [incidents.dev, incidents.ino, incidents.bytes]) at = record.writeDoubleLE(n, at);
  for (const n of [sealed, notes, tiles]) at = record.writeDoubleLE(n, at);
  record.writeDoubleLE(checkOf(record), at);
  return record;
}

/** `undefined`: it is not one, or it is damaged. */
export function parsePosition(record: Buffer): Position | undefined {
  if (record.length !== RECORD_BYTES || record.readDoubleLE(0) !== MAGIC) return undefined;
  if (record.readDoubleLE(RECORD_BYTES - 8) !== checkOf(record)) return undefined;
  const value = (i: number) => record.readDoubleLE(8 * (1 + i));
  for (let i = 0; i < VALUES; i++) if (!Number.isSafeInteger(value(i)) || value(i) < 0) return undefined;
  return {
    audit: { dev: value(0), ino: value(1), first: value(2), lines: value(3), bytes: value(4) },
    incidents: { dev: value(5), ino: value(6), bytes: value(7) },
    ...{ sealed: value(8), notes: value(9), tiles: value(10) },
  };
}

export function readPosition(fd: number): Position | undefined {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  return readSync(fd, record, 0, RECORD_BYTES, 0) === RECORD_BYTES ? parsePosition(record) : undefined;
}

/** FNV-1a over all bytes before it: against a torn or an empty record, not against anybody. */
function checkOf(record: Buffer): number {
  let check = 0x811c9dc5;
  for (let i = 0; i < RECORD_BYTES - 8; i++) check = Math.imul(check ^ (record[i] as number), 0x01000193);
  return check >>> 0;
}
