import type { Checkpoint } from '../../core/audit/checkpoint.js';
import { parseNotes, type StreamedNote } from '../../core/audit/checkpoint-stream.js';
import { verifyCosignature } from '../../core/audit/cosignature.js';
import { parseVerifierKey, type VerifierKey } from '../../core/audit/keys.js';
import { openCheckpoint } from '../../core/audit/signed-checkpoint.js';
import { readSmallFile } from '../../core/journal/small-file.js';
import { formatInstant } from '../../core/records/time.js';
import { MAX_SMALL_BYTES, SIDECAR_FILE, sidecarPath } from '../../core/seal/sidecar.js';
import { positionOf } from '../../core/seal/trusted-end.js';
import { verifierKeys } from '../../core/seal/verifier-keys.js';
import { lastWitnessed, type Witnessed } from '../../core/seal/witnessed.js';
import { counted } from '../words.js';
import type { AuditFacts, OutsideCheckpoint } from './facts.js';
import { chainOf } from './key-chain.js';
import { auditLog, type LogAudit, type StartingPlace } from './log-audit.js';
import { examineNotes } from './note-check.js';
import { newestBy, sealFacts } from './seal-facts.js';

/** A file with a checkpoint that was kept elsewhere. */
export interface KeptCheckpoint {
  readonly source: string;
  readonly bytes: Buffer;
}

export interface ExamineOptions {
  readonly dir: string;
  /** Public keys from outside; none: those beside the log are believed. */
  readonly keys: readonly VerifierKey[];
  readonly against: readonly KeptCheckpoint[];
  /** Public keys of witnesses. */
  readonly witnessKeys: readonly VerifierKey[];
  /** Every note that was ever signed, too. */
  readonly full: boolean;
  /** What was read before, if that is to be believed. */
  readonly before: { readonly place: StartingPlace; readonly at: string } | undefined;
  /** Whether the key is there that would sign what is not signed yet. */
  readonly hasKey: boolean;
  readonly workerProgram: string;
  readonly onProgress: (what: string, done: number, total: number) => void;
}

/** Notes of one file that are held against the log, the last of them. */
const MOST_KEPT = 100;

/** Everything that can be found out about the audit log and what it vouches for. Changes nothing. */
export async function examine(options: ExamineOptions): Promise<AuditFacts> {
  const { dir, onProgress } = options;
  const written = positionOf(dir)?.audit.lines ?? 0;
  // The note first: the log then holds at least what it covers, however much is written meanwhile.
  const keys = options.keys.length > 0 ? options.keys : verifierKeys(dir);
  const kept = options.against.flatMap(({ source, bytes }) => {
    const notes: (StreamedNote | undefined)[] = lastNotesIn(bytes, keys);
    return (notes.length > 0 ? notes : [undefined]).map((note) => ({ source, note }));
  });
  const anchors = { keys: options.keys, notes: kept.flatMap(({ note }) => (note ? [textOf(note)] : [])) };
  const seal = sealFacts(dir, anchors);
  const checkpoint = seal.state === 'signed' ? seal.checkpoint : undefined;
  const bridges = seal.state === 'signed' ? seal.bridges : new Map<string, Checkpoint>();
  // What was read earlier was not held against a key from outside.
  const before = bridges.size > 0 ? undefined : options.before;
  const seen = checkpoint && lastWitnessed(dir, options.witnessKeys);
  const marks = [
    ...(seen ? [seen.checkpoint.size] : []),
    ...kept.flatMap(({ note }) => (note ? [note.checkpoint.size] : [])),
    ...[...bridges.values()].map(({ size }) => size),
  ];
  const log = await auditLog({
    dir,
    checkpoint,
    marks,
    start: checkpoint ? before?.place : undefined,
    workerProgram: options.workerProgram,
    onProgress: (done, total) => onProgress('reading the audit log', done, total),
  });
  // The copy first: whoever signs meanwhile does so before the copy is made.
  const copied = copiedSize(dir, [...keys, ...verifierKeys(dir)]);
  // What was written before must be signed by now, if anybody signs.
  const now = sealFacts(dir, anchors);
  const known = [...keys, ...verifierKeys(dir)];
  const outside = [
    // By whichever key of the log: whether those are right is judged by themselves.
    ...kept.map(({ source, note }) => judge(source, note, known, options.witnessKeys, checkpoint, log)),
    ...(seen ? judgeSeen(seen, checkpoint, log) : []),
  ];
  const heard = new Set(outside.flatMap(({ witnesses }) => witnesses.map(({ name }) => name)));
  return {
    seal,
    leaves: log.leaves,
    badPlace: log.badPlace,
    adoption: log.said.adoption,
    replacements: log.said.replacements,
    bridgesHold: new Set(
      [...bridges].filter(([, { size, root }]) => log.leaves.roots.get(size)?.equals(root)).map(([vkey]) => vkey),
    ),
    signedOnce: keysThatSigned(dir, seal, log.said),
    unstated: log.said.unstated,
    incidents: log.incidents,
    outside,
    silentWitnesses: options.witnessKeys.map(({ name }) => name).filter((name) => !heard.has(name)),
    lastWitness: seen && lastOf(seen),
    notes:
      options.full && checkpoint
        ? examineNotes(dir, checkpoint, [...keys, ...verifierKeys(dir)], (done, total) =>
            onProgress('reading the notes', done, total),
          )
        : undefined,
    foreignLines: log.said.foreignLines,
    keyGone: !options.hasKey && now.state === 'signed' && written > now.checkpoint.size,
    notesLost: now.state === 'signed' && copied > now.checkpoint.size ? copied : undefined,
    read: log.read,
    since: checkpoint ? before?.at : undefined,
    ends: { audit: log.sealedEnd, incidents: log.incidents.end },
    statedLosses: log.said.losses,
  };
}

/** Only asked where the last key that the log names did not sign the newest note. */
function keysThatSigned(dir: string, seal: AuditFacts['seal'], said: LogAudit['said']): Set<string> {
  const chain = chainOf(said);
  const last = chain.at(-1);
  if (seal.state !== 'signed' || last === undefined || seal.signers.includes(last)) return new Set();
  const keys = chain.flatMap((text) => {
    const parsed = parseVerifierKey(text);
    return parsed.ok ? [parsed.key] : [];
  });
  return new Set(newestBy(dir, seal.checkpoint.origin, keys).keys());
}

function textOf({ note }: StreamedNote): string {
  return `${note.text}\n${note.signatures.map(({ line }) => line).join('')}`;
}

/** What stands beside the log counts as from outside only where a key from outside verifies it; or where it contradicts. */
function judgeSeen(
  { checkpoint: { size, root }, witnesses }: Witnessed,
  checkpoint: Checkpoint | undefined,
  { leaves }: LogAudit,
): OutsideCheckpoint[] {
  const found = leaves.roots.get(size);
  const source = 'what witnesses signed';
  const known = witnesses
    .filter(({ verified }) => verified)
    .map(({ name, at_s }) => ({ name, at: formatInstant(at_s * 1000) }));
  if (size > (checkpoint?.size ?? 0) || (found && !found.equals(root))) {
    const why = `it covers ${size} lines that are not, or no longer, those of the log`;
    return [{ source, size, verdict: 'contradicts', why, witnesses: known }];
  }
  if (known.length === 0 || !found) return [];
  return [
    {
      source,
      size,
      verdict: 'consistent',
      why: `the log begins with the same ${counted(size, 'line')}`,
      witnesses: known,
    },
  ];
}

function lastOf({ checkpoint, witnesses }: Witnessed): AuditFacts['lastWitness'] {
  const last = witnesses.toSorted((a, b) => b.at_s - a.at_s)[0];
  return last && { name: last.name, at: formatInstant(last.at_s * 1000), size: checkpoint.size };
}

/** The copy is made after the note is on the disk: one that is newer than all notes tells that some were taken away. */
function copiedSize(dir: string, keys: readonly VerifierKey[]): number {
  const copy = readSmallFile(sidecarPath(dir, SIDECAR_FILE.checkpoint), MAX_SMALL_BYTES);
  const opened = copy && openCheckpoint(copy, keys);
  return opened?.ok ? opened.checkpoint.size : 0;
}

function lastNotesIn(bytes: Buffer, keys: readonly VerifierKey[]): StreamedNote[] {
  const names = new Set(keys.map(({ name }) => name));
  return [...names].flatMap((name) => parseNotes(bytes, name).notes).slice(-MOST_KEPT);
}

function judge(
  source: string,
  note: StreamedNote | undefined,
  keys: readonly VerifierKey[],
  witnessKeys: readonly VerifierKey[],
  checkpoint: Checkpoint | undefined,
  { leaves }: LogAudit,
): OutsideCheckpoint {
  const nothing = { source, size: note?.checkpoint.size ?? 0, witnesses: [] };
  if (!note) return { ...nothing, verdict: 'of another log', why: 'it holds no note of this log' };
  const { size, root } = note.checkpoint;
  const opened = openCheckpoint(textOf(note), keys);
  if (!opened.ok) return { ...nothing, verdict: 'not signed', why: opened.reason };
  const witnesses = witnessKeys.flatMap((key) => {
    const seen = verifyCosignature(note.note, key);
    return seen.ok ? [{ name: key.name, at: formatInstant(seen.timestamp * 1000) }] : [];
  });
  const found = leaves.roots.get(size);
  if (!checkpoint || size > checkpoint.size || !found) {
    const has = checkpoint?.size ?? 0;
    return { ...nothing, witnesses, verdict: 'contradicts', why: `it covers ${size} lines, the log's own note ${has}` };
  }
  if (found.equals(root))
    return {
      ...nothing,
      witnesses,
      verdict: 'consistent',
      why: `the log begins with the same ${counted(size, 'line')}`,
    };
  return {
    ...nothing,
    witnesses,
    verdict: 'contradicts',
    why: `its first ${size} lines have another root: ${root.toString('base64')}, found ${found.toString('base64')}`,
  };
}
