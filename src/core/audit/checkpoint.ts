import { decodeBase64 } from './base64.js';
import { HASH_BYTES } from './hash.js';
import { type Refusal, refused } from './refusal.js';
import { parseDecimal } from './tree-size.js';

/** What a log says about itself: C2SP tlog-checkpoint. */
export interface Checkpoint {
  /** Names the log. Not empty, no control character. */
  readonly origin: string;
  /** Leaves, 0 to 2^53 − 1. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

/** The three lines that are signed. What `parseCheckpoint` would not read back is a bug and throws a `RangeError`. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${root.toString('base64')}\n`;
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) throw new RangeError(`not a checkpoint: ${parsed.reason}`);
  return text;
}

/** Numbers and base64 in their one canonical form. Extension lines are refused: no one can audit them. */
export function parseCheckpoint(text: string): { readonly ok: true; readonly checkpoint: Checkpoint } | Refusal {
  const lines = text.split('\n');
  if (lines.pop() !== '') return refused('the last line has no end');
  if (lines.length > 3) return refused('lines after the root are not accepted');
  const [origin, sizeText, rootText] = lines;
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return refused('fewer than three lines');
  }
  if (origin === '' || /[\x00-\x1f\p{Surrogate}]/u.test(origin)) return refused('no valid origin');
  const size = parseDecimal(sizeText);
  if (size === undefined) return refused('no valid size');
  const root = decodeBase64(rootText);
  if (root?.length !== HASH_BYTES) return refused('no valid root');
  return { ok: true, checkpoint: { origin, size, root } };
}
