import { createHash } from 'node:crypto';
import { notesIn, type StreamedNote } from '../../src/core/audit/checkpoint-stream.js';
import { CompactRange } from '../../src/core/audit/compact-range.js';
import { HASH_BYTES, leafHash } from '../../src/core/audit/hash.js';
import { parseVerifierKey, type VerifierKey } from '../../src/core/audit/keys.js';
import { openCheckpoint } from '../../src/core/audit/signed-checkpoint.js';
import { parseTilePath, TILE_WIDTH } from '../../src/core/audit/tile.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import { isJsonObject, type JsonObject } from '../../src/core/records/json.js';
import type { Position } from '../../src/core/seal/position.js';
import type { Evidence, Violation } from './checks.js';
import { foreignRanges, isIn, type Line, linesOf, sealable } from './lines.js';

/** What stands beside the audit log, as bytes. */
export interface SealEvidence {
  readonly vkey: string;
  /** The file of all notes. */
  readonly notes: Buffer;
  /** The copy of the newest one. */
  readonly copy: string | undefined;
  /** As it was written last; `undefined` when there is none, or no whole one. */
  readonly position: Position | undefined;
  /** Full tiles by their path. */
  readonly tiles: ReadonlyMap<string, Buffer>;
  /** Hashes since the last full tile, by the number of full ones. */
  readonly leaves: ReadonlyMap<number, Buffer>;
}

/** Logs and seal as they lie there, before anybody has put anything right. */
export interface Left extends Pick<Evidence, 'logs'> {
  readonly seal: SealEvidence | undefined;
  /** Which files those of the audit log are. */
  readonly auditFiles: readonly { readonly dev: number; readonly ino: number }[];
}

/** What must hold at any moment, whatever has just been broken; `acks` are names as `acksOf` gives them. */
export function wrongSeal(left: Left, acks: readonly string[]): Violation[] {
  const lines = sealable(left.logs);
  const { sealed, violations } = checkNotes(left.seal, lines);
  return [...violations, ...unsealedAcks(acks, lines, left.logs, sealed), ...wrongTiles(left.seal, lines)];
}

/** After the next writer: all is sealed, and the log says since when. */
export function unsealedRest({ logs, seal }: Pick<Left, 'logs' | 'seal'>): Violation[] {
  const lines = sealable(logs);
  const { sealed } = checkNotes(seal, lines);
  const violations: Violation[] = [];
  const count = linesOf(logs, 'audit').length;
  if (sealed !== count) violations.push({ kind: 'unsealed', what: `${sealed} of ${count} lines after recovery` });
  const origin = keysIn(seal).at(-1)?.name;
  const foreign = foreignRanges(logs);
  const adoptions = lines.filter(
    ({ record }, i) => record?.action === ACTION.logAdopted && record.actor === 'grace' && !isIn(foreign, i),
  );
  const own = adoptions.filter(({ record }) => record?.resource === origin);
  if (own.length !== 1 || adoptions.length !== 1) {
    violations.push({
      kind: 'not adopted',
      what: `${own.length} entries say so of this seal, ${adoptions.length} in all`,
    });
  }
  return violations;
}

/** A process was killed, and nothing else: what it wrote last tells where grace stands, and never too much. */
export function wrongPosition({ logs, seal, auditFiles }: Left): Violation[] {
  const position = seal?.position;
  if (!position) return [];
  const odd = (what: string): Violation[] => [{ kind: 'position ahead', what }];
  const at = auditFiles.findIndex(({ dev, ino }) => dev === position.audit.dev && ino === position.audit.ino);
  const file = logs.audit[at];
  if (!file) return odd('it names a file that is not there');
  const { bytes, lines, first } = position.audit;
  if (bytes > file.length) return odd(`byte ${bytes} of ${file.length}`);
  if (bytes > 0 && file[bytes - 1] !== LF) return odd(`byte ${bytes} is not the end of a line`);
  const all = linesOf(logs, 'audit');
  const before = all.filter(({ ordinal }) => ordinal < at).length;
  const there = before + all.filter(({ ordinal, offset }) => ordinal === at && offset < bytes).length;
  if (there !== lines || before !== first) return odd(`${first} and ${lines} lines, ${before} and ${there} are there`);
  return wrongLeaves(seal, position, sealable(logs));
}

/** Lines that moved the log and not the position are nobody's: the next writer must say so of each. */
export function takenAsOwn(left: Left, { logs }: Pick<Evidence, 'logs'>): Violation[] {
  const position = left.seal?.position;
  if (!position) return [];
  const named = foreignRanges(logs);
  const violations: Violation[] = [];
  for (let i = position.audit.lines; i < linesOf(left.logs, 'audit').length; i++) {
    if (!isIn(named, i)) violations.push({ kind: 'foreign as own', what: `line ${i + 1} was never ours` });
  }
  return violations;
}

/** Bytes of the notes on which an acknowledgement rests. */
export function acknowledgedNotes({ logs, seal }: Left, acks: readonly string[]): number {
  const last = sealable(logs).findLastIndex(
    ({ record }) => record && namesOf(record).some((name) => acks.includes(name)),
  );
  const covers = notesOf(seal).find(({ checkpoint }) => checkpoint.size > last);
  if (!covers) throw new Error('no note covers what was acknowledged');
  return covers.offset + covers.length;
}

/** Bytes of the audit log, a single file, that some note covers. */
export function sealedBytes({ logs, seal }: Left): number {
  const size = notesOf(seal).at(-1)?.checkpoint.size ?? 0;
  return linesOf(logs, 'audit')[size]?.offset ?? logs.audit[0]?.length ?? 0;
}

/** Lines that entries declare to be data only. */
export function foreignLines({ logs }: Pick<Evidence, 'logs'>): number {
  return foreignRanges(logs).reduce((sum, { from, to }) => sum + to - from, 0);
}

const LF = 0x0a;

function keysIn(seal: SealEvidence | undefined): VerifierKey[] {
  return (seal?.vkey ?? '').split('\n').flatMap((line) => {
    const parsed = parseVerifierKey(line);
    return parsed.ok ? [parsed.key] : [];
  });
}

function notesOf(seal: SealEvidence | undefined): StreamedNote[] {
  const origin = keysIn(seal).at(-1)?.name;
  return seal && origin !== undefined ? [...notesIn(seal.notes, origin)] : [];
}

/**
 * Every whole note is signed and has the root that the lines give, and none covers fewer lines than the one before it.
 * `sealed` is the size of the newest.
 */
function checkNotes(seal: SealEvidence | undefined, lines: readonly Line[]) {
  const violations: Violation[] = [];
  let sealed = 0;
  if (!seal) return { sealed, violations };
  const keys = keysIn(seal);
  const odd = (what: string) => void violations.push({ kind: 'false note', what });
  const range = new CompactRange();
  const texts = new Set<string>();
  for (const { offset, length, checkpoint } of notesOf(seal)) {
    const note = seal.notes.subarray(offset, offset + length);
    texts.add(note.toString('latin1'));
    const { size, root } = checkpoint;
    const opened = openCheckpoint(note, keys);
    if (!opened.ok) odd(`at byte ${offset}: ${opened.reason}`);
    if (size < range.size) odd(`at byte ${offset}: ${size} lines after ${range.size}`);
    else if (size > lines.length) odd(`at byte ${offset}: ${size} lines, there are ${lines.length}`);
    else {
      for (const { bytes } of lines.slice(range.size, size)) range.append(leafHash(bytes));
      if (!root.equals(range.root())) odd(`at byte ${offset}: the ${size} lines give another root`);
    }
    sealed = size;
  }
  if (seal.copy !== undefined && !texts.has(seal.copy)) odd('the copy of the newest note is no note');
  return { sealed, violations };
}

/** What was acknowledged stands below the newest note's size; an incident line, too, that is vouched for there. */
function unsealedAcks(
  acks: readonly string[],
  lines: readonly Line[],
  logs: Evidence['logs'],
  sealed: number,
): Violation[] {
  const places = new Map<string, number[]>();
  for (const [i, { record }] of lines.entries()) {
    for (const name of record ? namesOf(record) : []) places.set(name, [...(places.get(name) ?? []), i]);
  }
  return acks.flatMap((ack): Violation[] => {
    const at = places.get(ack) ?? [];
    const isRecord = !ack.includes(' ');
    if (at.length < (isRecord ? 2 : 1)) return [{ kind: 'unsealed', what: `${ack}: its entries are not in the log` }];
    const late = at.filter((line) => line >= sealed);
    if (late.length > 0) return [{ kind: 'unsealed', what: `${ack}: line ${late[0]}, ${sealed} are sealed` }];
    const loose = isRecord && !at.some((line) => isBound(lines[line]?.record, logs));
    return loose ? [{ kind: 'unbound', what: `${ack}: sealed, and its incident line is another` }] : [];
  });
}

/** What an acknowledgement calls an entry. */
function namesOf({ action, resource, entry_id, metadata }: JsonObject): string[] {
  if (action === 'fault_append' || action === ACTION.incidentSnapshot) return [String(resource)];
  if (action === ACTION.remedyClaimed) return [`CLAIMED ${entry_id}`];
  if (action === ACTION.remedyEnded && isJsonObject(metadata)) return [`ENDED ${metadata.claim}`];
  return [];
}

/** Offsets are within the file that was live at the time: any of them may be meant. */
function isBound(record: JsonObject | undefined, logs: Evidence['logs']): boolean {
  if (record?.action !== ACTION.incidentSnapshot || !isJsonObject(record.metadata)) return false;
  const { offset, length, sha256 } = record.metadata;
  return logs.incidents.some((file) => {
    const bytes = file.subarray(Number(offset), Number(offset) + Number(length));
    return createHash('sha256').update(bytes).digest('hex') === sha256;
  });
}

/** Full tiles hold what the lines give. */
function wrongTiles(seal: SealEvidence | undefined, lines: readonly Line[]): Violation[] {
  return [...(seal?.tiles ?? [])].flatMap(([path, bytes]): Violation[] => {
    const parsed = parseTilePath(path);
    if (!parsed.ok) return [{ kind: 'damaged tile', what: `${path}: ${parsed.reason}` }];
    const { level, index } = parsed.tile;
    const leaves = TILE_WIDTH ** level;
    const hashes = Array.from({ length: TILE_WIDTH }, (_, i) => {
      const from = (index * TILE_WIDTH + i) * leaves;
      return rootOf(lines.slice(from, from + leaves));
    });
    return bytes.equals(Buffer.concat(hashes)) ? [] : [{ kind: 'damaged tile', what: `${path}: other hashes` }];
  });
}

/** All leaves up to the position are there for whoever signs next. */
function wrongLeaves(seal: SealEvidence, position: Position, lines: readonly Line[]): Violation[] {
  const leaves = seal.leaves.get(position.tiles);
  if (!leaves) return [];
  const from = position.tiles * TILE_WIDTH;
  const expected = lines.slice(from, position.audit.lines).map(({ bytes }) => leafHash(bytes));
  const there = leaves.subarray(0, expected.length * HASH_BYTES);
  return there.equals(Buffer.concat(expected))
    ? []
    : [{ kind: 'damaged tile', what: 'other leaves below the position' }];
}

function rootOf(lines: readonly Line[]): Buffer {
  const range = new CompactRange();
  for (const { bytes } of lines) range.append(leafHash(bytes));
  return range.root();
}
