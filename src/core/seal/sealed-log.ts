import { existsSync } from 'node:fs';
import type { Checkpoint } from '../audit/checkpoint.js';
import type { VerifierKey } from '../audit/keys.js';
import { openCheckpoint } from '../audit/signed-checkpoint.js';
import type { TileReader } from '../audit/tile.js';
import { EXIT, OperatorError } from '../errors.js';
import { shellArguments } from '../shell-quoted.js';
import { ExportedTiles } from './exported-tiles.js';
import { NoteFile } from './note-file.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';
import { TreeFiles } from './tree-files.js';
import { verifierKeys } from './verifier-keys.js';

/** What stands beside an audit log and says that it is sealed; nothing of it is verified yet. */
export interface Seal {
  readonly dir: string;
  /** The public keys that the log itself names, the newest last. */
  readonly keys: readonly VerifierKey[];
  /** The newest note, whole. */
  readonly note: string;
  /** Bytes of the file of notes up to the end of this one. */
  readonly notesEnd: number;
}

export interface SealedLog extends Seal {
  readonly checkpoint: Checkpoint;
  /** The key of the log that signed the note. */
  readonly signer: VerifierKey;
}

/** Throws `GRACE_NO_SEAL` where there is none, and `GRACE_SEAL_BROKEN` where a part of it is gone. */
export function readSeal(dir: string): Seal {
  const keys = verifierKeys(dir);
  const notes = NoteFile.open(dir, 'read');
  try {
    const origin = keys.at(-1)?.name;
    if (origin === undefined && notes) throw sealBroken(dir, 'its public key is gone, or is not one');
    const newest = origin === undefined ? undefined : notes?.newest(origin);
    if (notes && newest) return { dir, keys, note: notes.text(newest), notesEnd: newest.offset + newest.length };
    throw noSeal(dir);
  } finally {
    notes?.close();
  }
}

/** The seal, its newest note signed by one of the keys beside it. Opens nothing that has to be closed. */
export function openSealedLog(dir: string): SealedLog {
  const seal = readSeal(dir);
  const opened = openCheckpoint(seal.note, seal.keys);
  if (!opened.ok) throw sealBroken(dir, `its newest note is not signed by its key: ${opened.reason}`);
  const { checkpoint, signedBy } = opened;
  const signer = signedBy.findLast(({ name }) => name === checkpoint.origin);
  if (!signer) throw new Error('a checkpoint was opened that no key of its log signed');
  return { ...seal, checkpoint, signer };
}

/** How often the files of hashes are opened until they belong together: a writer may be putting others in their place. */
const MOST_ATTEMPTS = 50;

/** The hashes of a tree, to be closed. */
export interface OpenTree extends TileReader {
  close(): void;
}

/** The hashes of the log's tree; those that are missing show when they are asked for. Throws `GRACE_TILES_DAMAGED`. */
export function openTree(dir: string): OpenTree {
  // Its writer's list of upper hashes stays behind when a log is exported.
  if (!existsSync(sidecarPath(dir, SIDECAR_FILE.frontier))) return new ExportedTiles(dir);
  for (let attempt = 1; ; attempt++) {
    try {
      const tree = TreeFiles.open(dir, 'r');
      if (tree) return tree;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (attempt === MOST_ATTEMPTS) throw tilesDamaged(dir, 'they do not belong together');
  }
}

/** As far as they are there: for whoever reads the log itself and only remembers by them. */
export function rememberedTree(dir: string): TreeFiles | ExportedTiles | undefined {
  return existsSync(sidecarPath(dir, SIDECAR_FILE.frontier)) ? TreeFiles.open(dir, 'r') : new ExportedTiles(dir);
}

export function tilesDamaged(dir: string, why: string): OperatorError {
  return new OperatorError(
    'GRACE_TILES_DAMAGED',
    EXIT.auditBroken,
    `the hashes in ${sidecarPath(dir)} are damaged: ${why}`,
    {
      hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells whether the log itself still has the signed root`,
    },
  );
}

function sealBroken(dir: string, why: string): OperatorError {
  return new OperatorError('GRACE_SEAL_BROKEN', EXIT.auditBroken, `the seal of the audit log is broken: ${why}`, {
    hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells what was changed`,
  });
}

function noSeal(dir: string): OperatorError {
  const there = existsSync(sidecarPath(dir)) ? 'no signed note' : 'nothing';
  return new OperatorError(
    'GRACE_NO_SEAL',
    EXIT.notFound,
    `the audit log is not sealed: there is ${there} at ${sidecarPath(dir)}`,
    { hint: `grace evidence audit --logs ${shellArguments(dir)}   # says what that leaves unproven` },
  );
}
