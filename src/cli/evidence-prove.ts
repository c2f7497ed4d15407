import { closeSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { leafHash, sha256 } from '../core/audit/hash.js';
import { formatVerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { bytesAt, lineAt, type PlacedLine } from '../core/journal/line-at.js';
import { LOG_FILE, type LogName } from '../core/journal/log-files.js';
import { openForReading } from '../core/journal/open-log.js';
import { listSegments, type Segment } from '../core/journal/segments.js';
import { proveLine } from '../core/seal/prove-line.js';
import { openSealedLog, openTree, type SealedLog, tilesDamaged } from '../core/seal/sealed-log.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';
import { noteTrouble } from './notes.js';
import { writeVerbatim } from './output/verbatim.js';
import { requireSameKind, writeOutputFile } from './output-file.js';
import { type Proved, proofJson, proofNotes, proofText } from './prove-report.js';
import { notSealed, type ProveTarget, proveTarget } from './prove-target.js';
import { openForLooking, type Reading } from './reading.js';
import type { WhereOptions } from './where.js';

const PROOF_BEGINS = 'c2sp.org/tlog-proof@v1\n';

export interface ProveOptions extends WhereOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export async function runProve(ctx: Context, what: string, options: ProveOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const log = openSealedLog(reading.dir);
  const target = proveTarget(reading, what);
  const proved = prove(reading, log, target);
  if (reading.registry.notes.losses.length > 0) noteTrouble(ctx, reading);
  reading.registry.close();

  const { out } = options;
  if (out !== undefined) {
    requireSameKind(ctx, out, [PROOF_BEGINS]);
    // Of the proof that stood there before.
    if (!proved.incident) rmSync(resolve(ctx.cwd, `${out}.incident`), { force: true });
    writeOutputFile(ctx, `${out}.entry`, proved.entry);
    if (proved.incident) writeOutputFile(ctx, `${out}.incident`, proved.incident.bytes);
    // Last: where there is a proof, what it is about is there, too.
    writeOutputFile(ctx, out, proved.text);
  }
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, proofJson(proved, reading.dir, out));
  } else if (out !== undefined) {
    ctx.out.write(proofText(proved, out));
  } else {
    writeVerbatim(ctx.out, proved.text);
    ctx.err.write(proofNotes(proved));
  }
  return EXIT.done;
}

function prove(reading: Reading, log: SealedLog, target: ProveTarget): Proved {
  const { line } = target;
  if (line > log.checkpoint.size) throw notSealed(reading, `line ${line}`);
  const { path, found } = readLine(reading.dir, target);
  const leaf = found && leafHash(found.bytes);
  const tree = openTree(reading.dir);
  try {
    const proof = proveLine(log, tree, line - 1, leaf ?? Buffer.alloc(0));
    if (!proof.ok && proof.fault === 'tiles damaged') throw tilesDamaged(reading.dir, proof.reason);
    if (!proof.ok) throw lineChanged(reading.dir, `${path}:${line - target.file.first}`, leaf, proof.sealed);
    if (!found || !leaf) throw new Error('a line was proved that is not there');
    return {
      log,
      vkey: formatVerifierKey(log.signer),
      target,
      entry: found.bytes,
      leaf,
      text: proof.text,
      incident: target.incident && { ...target.incident, bytes: boundLine(reading.dir, target.incident) },
    };
  } finally {
    tree.close();
  }
}

/** The line as it stands in its file now; nothing where it ends too early. */
function readLine(dir: string, { file, from }: ProveTarget): { path: string; found: PlacedLine | undefined } {
  const segment = listSegments(dir, 'audit').find(({ dev, ino }) => dev === file.dev && ino === file.ino);
  const path = segment?.path ?? LOG_FILE.audit;
  const found = segment && withFile(segment, (fd) => lineAt(fd, from.offset, file.folded, from.skip));
  return { path, found };
}

function withFile<T>(segment: Segment, work: (fd: number) => T): T | undefined {
  const open = openForReading(segment.path);
  if (!open) return undefined;
  try {
    return work(open.fd);
  } finally {
    closeSync(open.fd);
  }
}

/** The line of incidents.jsonl that the entry vouches for, in whichever file it stands by now. */
function boundLine(dir: string, { incident_id, binding }: NonNullable<ProveTarget['incident']>): Buffer {
  const { position, length, sha256: sealed } = binding;
  const log: LogName = 'incidents';
  const hashes: string[] = [];
  // The newest first: that is where it nearly always is.
  for (const segment of listSegments(dir, log).reverse()) {
    const bytes = withFile(segment, (fd) => bytesAt(fd, position, length));
    if (bytes?.length !== length) continue;
    const found = sha256(bytes).toString('hex');
    if (found === sealed) return bytes;
    hashes.push(`${segment.name} has ${found}`);
  }
  const now = hashes.length === 0 ? 'it is not there' : hashes.join(', ');
  throw new OperatorError(
    'GRACE_INCIDENT_CHANGED',
    EXIT.auditBroken,
    `the line of ${incident_id} at byte ${position} of ${LOG_FILE[log]} is not the one that line ${binding.line} of the audit log vouches for: it had the hash ${sealed}, ${now}`,
    { hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells what else was changed` },
  );
}

function lineChanged(dir: string, place: string, leaf: Buffer | undefined, sealed: Buffer): OperatorError {
  const now = leaf ? `it has ${leaf.toString('hex')}` : 'it has no end';
  return new OperatorError(
    'GRACE_LINE_CHANGED',
    EXIT.auditBroken,
    `${place}: the line is not the one that was sealed: that had the leaf hash ${sealed.toString('hex')}, ${now}`,
    { hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells what else was changed` },
  );
}
