import { closeSync } from 'node:fs';
import type { Checkpoint } from '../../core/audit/checkpoint.js';
import type { CompactRange } from '../../core/audit/compact-range.js';
import { readLines } from '../../core/journal/line-reader.js';
import { LOG_FILE, type LogName } from '../../core/journal/log-files.js';
import { openFiles } from '../../core/seal/open-files.js';
import { rememberedTree } from '../../core/seal/sealed-log.js';
import { type BindingRange, bindingsIn } from './bindings.js';
import { type FilePlace, IncidentCheck, type IncidentFindings } from './incident-check.js';
import { type BadLine, LeafCheck, type LeafFindings } from './leaf-check.js';
import { type FileRange, leavesOf, type SnapshotFile } from './leaf-source.js';
import { type SaidBefore, SaidOfItself } from './said-of-itself.js';

/** Where a verification begins: what stands before was read earlier. */
export interface StartingPlace {
  readonly said: SaidBefore;
  /** The tree of the lines before. */
  readonly tree: CompactRange;
  /** Where they end, as identity and offset of a file. */
  readonly audit: FilePlace;
  readonly incidents: FilePlace;
}

export interface LogAuditOptions {
  readonly dir: string;
  /** What the lines are held against; `undefined`: they are counted, and nothing else. */
  readonly checkpoint: Checkpoint | undefined;
  /** Sizes at which the root is wanted, too. */
  readonly marks: readonly number[];
  readonly start: StartingPlace | undefined;
  /** The built leaf-worker.js. */
  readonly workerProgram: string;
  readonly onProgress: (done: number, total: number) => void;
}

export interface LogAudit {
  readonly leaves: LeafFindings;
  readonly badPlace: { readonly file: string; readonly offset: number } | undefined;
  readonly said: SaidOfItself;
  readonly incidents: IncidentFindings;
  /** Lines that were read. */
  readonly read: number;
  /** Where the last sealed line ends. */
  readonly sealedEnd: FilePlace | undefined;
}

/** Reads the lines of both logs as they stand now and holds them against each other and against a checkpoint. */
export async function auditLog(options: LogAuditOptions): Promise<LogAudit> {
  const { dir, checkpoint, start } = options;
  const audit = snapshot(dir, 'audit', start?.audit);
  const incidents = snapshot(dir, 'incidents', start?.incidents);
  const tree = rememberedTree(dir);
  try {
    const remembered = (from: number, to: number) => tree?.leaves(from, to);
    const check = new LeafCheck(checkpoint?.size ?? 0, remembered, options.marks, start?.tree.clone());
    const sealed = checkpoint?.size ?? Number.POSITIVE_INFINITY;
    const said = new SaidOfItself(start?.said);
    const ranges: BindingRange[] = [];
    const bad = new BadPlace(audit);
    let sealedEnd: FilePlace | undefined;
    const total = audit.reduce((sum, { size, from }) => sum + size - from, 0);
    let done = 0;
    let read = 0;
    let fileAt = -1;
    for await (const part of leavesOf(audit, options.workerProgram)) {
      const { hashed } = part;
      const leaves = Buffer.from(hashed.leaves.buffer, hashed.leaves.byteOffset, hashed.leaves.byteLength);
      if (part.file !== fileAt) {
        const stated = said.firstLineStated(hashed.named, sealed);
        if (check.beginFile(leaves, stated?.first)) said.believe(stated, check.findings().absent.at(-1));
      }
      fileAt = part.file;
      const first = check.next + check.findings().unsealed;
      said.hear(hashed.named, first, sealed);
      check.add(leaves);
      read += hashed.lines;
      bad.look(part, first, check.findings().firstBad);
      const sealedHere = (checkpoint?.size ?? -1) - first;
      if (sealedHere >= 0 && sealedHere <= hashed.lines) sealedEnd = placeAfter(audit, part, sealedHere);
      if (hashed.hasBindings) {
        ranges.push({ fd: part.range.fd, start: hashed.start, end: hashed.end, first });
      }
      done += part.range.to - part.range.from;
      options.onProgress(done, total);
    }
    const leaves = withEarlierRoots(check.findings(), options.marks, start, tree);
    said.sort();
    const incidentCheck = new IncidentCheck(incidents, said.adoptedIncidents);
    for (const range of ranges) {
      bindingsIn(
        range,
        (line) => line < sealed && said.isOurs(line),
        (binding) => incidentCheck.check(binding),
      );
    }
    return {
      leaves,
      badPlace: bad.place,
      said,
      incidents: incidentCheck.finish(leaves.unsealed === 0),
      read,
      sealedEnd,
    };
  } finally {
    tree?.close();
    for (const { fd } of [...audit, ...incidents]) closeSync(fd);
  }
}

/** Roots of the lines that were read earlier come from the hashes that were held against them then. */
function withEarlierRoots(
  findings: LeafFindings,
  marks: readonly number[],
  start: StartingPlace | undefined,
  tree: ReturnType<typeof rememberedTree>,
): LeafFindings {
  const roots = new Map(findings.roots);
  for (const mark of marks) {
    const root = start && mark < start.tree.size ? tree?.rangeAt(mark)?.root() : undefined;
    if (root) roots.set(mark, root);
  }
  return { ...findings, roots };
}

/** The files of a log and their sizes now; from where the last verification got to, if its file is still there. */
function snapshot(dir: string, log: LogName, start: FilePlace | undefined): SnapshotFile[] {
  const files = openFiles(dir, log);
  const at = Math.max(
    0,
    files.findIndex(({ dev, ino }) => dev === start?.dev && ino === start.ino),
  );
  for (const { fd } of files.slice(0, at)) closeSync(fd);
  return files.slice(at).map(({ name, fd, dev, ino, bytes, unterminated }) => {
    const size = bytes + unterminated;
    const isStart = dev === start?.dev && ino === start.ino;
    return { name, fd, dev, ino, size, from: isStart ? Math.min(start.bytes, size) : 0 };
  });
}

/** Finds the file and the byte of the first bad line, once it is known which one it is. */
class BadPlace {
  place: { readonly file: string; readonly offset: number } | undefined;
  readonly #files: readonly SnapshotFile[];

  constructor(files: readonly SnapshotFile[]) {
    this.#files = files;
  }

  look({ file, range, hashed }: FileRange, first: number, bad: BadLine | undefined): void {
    if (this.place || !bad || bad.line > first + hashed.lines) return;
    const offset = offsetOfLine(range.fd, hashed.start, hashed.end, bad.line - 1 - first);
    this.place = { file: this.#files[file]?.name ?? LOG_FILE.audit, offset };
  }
}

function placeAfter(files: readonly SnapshotFile[], { file, range, hashed }: FileRange, lines: number): FilePlace {
  const { dev = 0, ino = 0 } = files[file] ?? {};
  const bytes = lines === hashed.lines ? hashed.end : offsetOfLine(range.fd, hashed.start, hashed.end, lines);
  return { dev, ino, bytes };
}

/** Where a line of a range begins. */
function offsetOfLine(fd: number, start: number, end: number, wanted: number): number {
  let line = 0;
  let found = end;
  const look = (offset: number) => {
    if (line++ === wanted) found = offset;
  };
  readLines(fd, start, end, { line: (_bytes, offset) => look(offset), tooLong: look });
  return found;
}
