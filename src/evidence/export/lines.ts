import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash } from '../../core/audit/hash.js';
import { readLines } from '../../core/journal/line-reader.js';
import { ACTION } from '../../core/records/audit-actions.js';
import { readAuditEntry } from '../../core/records/audit-entry.js';
import { isJsonObject } from '../../core/records/json.js';
import { parseStrict } from '../../core/records/strict-json.js';
import { leafOfRange } from '../../core/seal/line-leaves.js';
import type { Breathe, ExportFolder } from './folder.js';

/** Lines are read in slices of so many bytes, and between them others get their turn. */
const SLICE_BYTES = 16 << 20;

/** The entry by which a log was sealed. */
export interface Adoption {
  /** Lines that stood in the log before it. */
  readonly lines: number;
  /** Lines that stood in incidents.jsonl. */
  readonly incidents: number;
  readonly at: string;
}

/** As grace writes it: keys in one order, no blanks. */
const NEEDLE = Buffer.from(`"action":"${ACTION.logAdopted}"`);

/** Reads the lines of the copied log: gives their leaves, and finds the entry by which it was sealed as `origin`. */
export class ExportLines {
  readonly #folder: ExportFolder;
  readonly #breathe: Breathe;
  readonly #origin: string;
  adoption: Adoption | undefined;

  constructor(folder: ExportFolder, origin: string, breathe: Breathe) {
    this.#folder = folder;
    this.#breathe = breathe;
    this.#origin = origin;
  }

  async each(name: string, bytes: number, onLeaf: (leaf: Buffer) => void): Promise<void> {
    const fd = openSync(join(this.#folder.path, name), 'r');
    try {
      let reach = SLICE_BYTES;
      for (let from = 0; from < bytes; ) {
        const to = Math.min(bytes, from + reach);
        const end = readLines(fd, from, to, {
          line: (line) => {
            if (!this.adoption && line.includes(NEEDLE)) this.adoption = adoptionIn(line, this.#origin);
            onLeaf(leafHash(line));
          },
          tooLong: (offset, length) => onLeaf(leafOfRange(fd, offset, length)),
        });
        // A line longer than the slice: look further for its end.
        reach = end === from ? reach * 2 : SLICE_BYTES;
        await this.#breathe(end - from);
        from = end;
      }
    } finally {
      closeSync(fd);
    }
  }
}

function adoptionIn(line: Buffer, origin: string): Adoption | undefined {
  const parsed = parseStrict(line);
  const read = parsed.ok ? readAuditEntry(parsed.value) : parsed;
  if (!read.ok || read.record.action !== ACTION.logAdopted || read.record.metadata.origin !== origin) return undefined;
  const { lines, incidents } = read.record.metadata;
  const ofIncidents = isJsonObject(incidents) ? incidents.lines : undefined;
  if (typeof lines !== 'number' || typeof ofIncidents !== 'number') return undefined;
  return { lines, incidents: ofIncidents, at: read.record.timestamp };
}
