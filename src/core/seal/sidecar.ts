import { join } from 'node:path';
import { LOG_FILE } from '../journal/log-files.js';

/** What makes the audit log tamper-evident lives in a directory beside it; docs/formats.md describes each file. */
export const SIDECAR_DIR = `${LOG_FILE.audit.replace(/\.jsonl$/, '')}.tlog`;

/** Of the files that are read whole none has more; what is larger is not what it should be. */
export const MAX_SMALL_BYTES = 1 << 20;

export const SIDECAR_FILE = {
  /** Every signed note, append-only: the synced truth. */
  checkpoints: 'checkpoints',
  /** A copy of the newest note, for whoever wants just that. */
  checkpoint: 'checkpoint',
  /** The public keys in note form, the newest last. */
  vkey: 'vkey',
  /** How far grace itself has written; see position.ts. */
  position: 'position',
  /** What the full tiles do not hold yet; see tree-files.ts. */
  frontier: 'frontier',
} as const;

export function sidecarPath(dir: string, ...names: readonly string[]): string {
  return join(dir, SIDECAR_DIR, ...names);
}
