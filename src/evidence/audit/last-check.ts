import type { Checkpoint } from '../../core/audit/checkpoint.js';
import { inspectDirectory } from '../../core/journal/directory.js';
import type { LogName } from '../../core/journal/log-files.js';
import { replaceFile } from '../../core/journal/replace-file.js';
import { listSegments } from '../../core/journal/segments.js';
import { readSmallFile } from '../../core/journal/small-file.js';
import { rememberedTree } from '../../core/seal/sealed-log.js';
import { MAX_SMALL_BYTES, sidecarPath } from '../../core/seal/sidecar.js';
import type { Adoption, AuditFacts, KeyReplacement } from './facts.js';
import type { FilePlace } from './incident-check.js';
import type { StartingPlace } from './log-audit.js';

const FILE = 'checked';
const SCHEMA = 'grace.checked/2';

/** How far a verification that found nothing wrong has read; by this host's own word, like all that stands beside the log. */
interface LastCheck {
  readonly schema: typeof SCHEMA;
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** When everything was last read from the first line on. */
  readonly whole_at: string;
  readonly audit: FilePlace;
  readonly incidents: FilePlace;
  /** What the log says of its keys, in the lines up to there. */
  readonly said: { readonly adoption: Adoption | null; readonly replacements: readonly KeyReplacement[] };
}

/** Where to go on, if the last verification is to be believed and its place is still there. */
export function lastCheck(dir: string): { place: StartingPlace; at: string } | undefined {
  const path = sidecarPath(dir, FILE);
  const text = readSmallFile(path, MAX_SMALL_BYTES);
  const check = text && parse(text.toString('utf8'));
  const tree = check && rememberedTree(dir);
  if (!check || !tree) return undefined;
  try {
    const range = tree.rangeAt(check.size);
    if (!range || range.root().toString('hex') !== check.root) return undefined;
    // In other files, or shorter ones, nothing was read.
    if (!isThere(dir, 'audit', check.audit) || !isThere(dir, 'incidents', check.incidents)) return undefined;
    const said = { adoption: check.said.adoption ?? undefined, replacements: check.said.replacements };
    return { place: { tree: range, audit: check.audit, incidents: check.incidents, said }, at: check.whole_at };
  } finally {
    tree.close();
  }
}

/** Remembers a verification that found nothing wrong; where the directory is not ours, nothing is written. */
export function rememberCheck(dir: string, facts: AuditFacts, now: string): void {
  const { seal, ends, since } = facts;
  if (seal.state !== 'signed' || !ends.audit || !ends.incidents) return;
  if (inspectDirectory(dir).unwritable !== undefined || inspectDirectory(sidecarPath(dir)).unwritable !== undefined)
    return;
  const { origin, size, root } = seal.checkpoint satisfies Checkpoint;
  const check: LastCheck = {
    ...{ schema: SCHEMA, origin, size, root: root.toString('hex'), whole_at: since ?? now },
    audit: ends.audit,
    incidents: ends.incidents,
    said: { adoption: facts.adoption ?? null, replacements: facts.replacements },
  };
  try {
    replaceFile(sidecarPath(dir, FILE), `${JSON.stringify(check)}\n`);
  } catch {
    // Without it the next verification reads everything again.
  }
}

function isThere(dir: string, log: LogName, { dev, ino, bytes }: FilePlace): boolean {
  return listSegments(dir, log).some((file) => file.dev === dev && file.ino === ino && file.size >= bytes);
}

function parse(text: string): LastCheck | undefined {
  try {
    const check = JSON.parse(text) as LastCheck;
    const places = [check.audit, check.incidents].flatMap(({ dev, ino, bytes }) => [dev, ino, bytes]);
    const isGood = check.schema === SCHEMA && [check.size, ...places].every((n) => Number.isSafeInteger(n) && n >= 0);
    const isSaid = typeof check.said.adoption === 'object' && Array.isArray(check.said.replacements);
    return isGood && isSaid && typeof check.root === 'string' && typeof check.whole_at === 'string' ? check : undefined;
  } catch {
    return undefined;
  }
}
