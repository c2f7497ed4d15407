import { closeSync, fstatSync } from 'node:fs';
import { HASH_BYTES } from '../../core/audit/hash.js';
import { formatVerifierKey, publicKeyPem } from '../../core/audit/keys.js';
import { TILE_WIDTH } from '../../core/audit/tile.js';
import { TileBuilder } from '../../core/audit/tile-builder.js';
import { EXIT, OperatorError } from '../../core/errors.js';
import { countLines } from '../../core/journal/line-at.js';
import { openForReading } from '../../core/journal/open-log.js';
import { formatInstant } from '../../core/records/time.js';
import { type OpenFile, openFiles } from '../../core/seal/open-files.js';
import { openSealedLog, openTree, type SealedLog, tilesDamaged } from '../../core/seal/sealed-log.js';
import { SIDECAR_DIR, SIDECAR_FILE, sidecarPath } from '../../core/seal/sidecar.js';
import { positionOf } from '../../core/seal/trusted-end.js';
import { WITNESSED_FILE } from '../../core/seal/witnessed.js';
import { shellArguments } from '../../core/shell-quoted.js';
import { logShrank } from '../other-history.js';
import { count } from '../words.js';
import type { Breathe, ExportFolder } from './folder.js';
import { ExportLines } from './lines.js';
import { type ExportFacts, exportReadme } from './readme.js';

export type Filled = ExportFacts;

export interface FillOptions {
  /** The source of the program that verifies. */
  readonly program: Buffer;
  readonly now_ms: number;
  readonly breathe: Breathe;
}

/**
 * Fills the folder with all that shows what the log says, as it was at one moment, and verifies on the way that its lines
 * give the root that was signed.
 */
export async function fillExport(dir: string, folder: ExportFolder, options: FillOptions): Promise<Filled> {
  // The note first: by then the lines that it covers are there, and before them the incident lines they vouch for.
  const log = openSealedLog(dir);
  const files: OpenFile[] = [];
  try {
    const audit = openFiles(dir, 'audit');
    files.push(...audit);
    const incidents = openFiles(dir, 'incidents');
    files.push(...incidents);
    for (const { name, fd, bytes } of files) await folder.copy(name, fd, bytes);
    const lines = new ExportLines(folder, log.checkpoint.origin, options.breathe);
    const { absent, total } = await putTiles(dir, folder, log, audit, lines);
    await putSidecar(dir, folder, log);
    const filled: Filled = {
      log,
      exported_at: formatInstant(options.now_ms),
      absent,
      unsealed: total - log.checkpoint.size,
      unterminated: files.reduce((sum, { unterminated }) => sum + unterminated, 0),
      adoption: lines.adoption,
    };
    folder.put('key.pem', publicKeyPem(log.signer));
    folder.put('verify.go', options.program);
    folder.put('README.txt', exportReadme(filled));
    return filled;
  } finally {
    for (const { fd } of files) closeSync(fd);
  }
}

/** The tiles of the tree that was signed, made from the lines, not copied: so they belong to them. */
async function putTiles(
  dir: string,
  folder: ExportFolder,
  { checkpoint }: SealedLog,
  files: readonly OpenFile[],
  lines: ExportLines,
): Promise<{ absent: number; total: number }> {
  const builder = new TileBuilder((path, hashes) => folder.put(`${SIDECAR_DIR}/${path}`, hashes));
  const absent = linesGone(dir, files);
  addAbsent(dir, absent, checkpoint.size, builder);
  let total = absent;
  for (const { name, bytes } of files) {
    await lines.each(name, bytes, (leaf) => {
      total++;
      if (builder.size < checkpoint.size) builder.add(leaf);
    });
  }
  if (total < checkpoint.size) throw logShrank({ source: dir, seen: checkpoint, size: total });
  if (!builder.end().equals(checkpoint.root)) throw logChanged(dir, checkpoint.size);
  return { absent, total };
}

/** Lines of older files that are not there any more, as far as grace wrote down where its own file begins. */
function linesGone(dir: string, files: readonly OpenFile[]): number {
  const position = positionOf(dir)?.audit;
  if (!position || position.first === 0) return 0;
  const at = files.findIndex(({ dev, ino }) => dev === position.dev && ino === position.ino);
  // In a copy its files are others, and the last one stands for the one that was written.
  const before = files.slice(0, at === -1 ? -1 : at).reduce((sum, { fd, bytes }) => sum + countLines(fd, bytes), 0);
  return Math.max(0, position.first - before);
}

function addAbsent(dir: string, absent: number, size: number, builder: TileBuilder): void {
  if (absent === 0) return;
  const tree = openTree(dir);
  try {
    while (builder.size < Math.min(absent, size)) {
      const index = builder.size / TILE_WIDTH;
      const leaves = tree.hashes(0, index, Math.min(TILE_WIDTH, size - builder.size));
      if (!leaves) throw tilesDamaged(dir, `hashes of the lines from ${builder.size + 1} on are missing`);
      const most = Math.min(leaves.length, (absent - builder.size) * HASH_BYTES);
      for (let at = 0; at < most; at += HASH_BYTES) builder.add(leaves.subarray(at, at + HASH_BYTES));
    }
  } finally {
    tree.close();
  }
}

async function putSidecar(dir: string, folder: ExportFolder, { note, notesEnd, keys }: SealedLog): Promise<void> {
  folder.put(`${SIDECAR_DIR}/${SIDECAR_FILE.checkpoint}`, note);
  folder.put(`${SIDECAR_DIR}/${SIDECAR_FILE.vkey}`, keys.map((key) => `${formatVerifierKey(key)}\n`).join(''));
  for (const [name, most] of [
    [SIDECAR_FILE.checkpoints, notesEnd],
    [WITNESSED_FILE, Number.POSITIVE_INFINITY],
  ] as const) {
    const path = sidecarPath(dir, name);
    const file = openForReading(path);
    if (!file) continue;
    try {
      await folder.copy(`${SIDECAR_DIR}/${name}`, file.fd, Math.min(most, fstatSync(file.fd).size));
    } finally {
      closeSync(file.fd);
    }
  }
}

function logChanged(dir: string, size: number): OperatorError {
  return new OperatorError(
    'GRACE_LOG_CHANGED',
    EXIT.auditBroken,
    `the ${count(size)} lines of the audit log that were signed do not give the root that was signed; nothing was exported`,
    {
      hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells which line was changed; cp -a keeps it all as it is`,
    },
  );
}
