import { type BigIntStats, fstatSync, lstatSync, opendirSync, statfsSync, unlinkSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';
import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import { systemErrorSentence } from '../../core/errors.js';
import { effectiveUid } from '../../core/host/account.js';
import type { Clock } from '../../core/host/clock.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { chooseFiles, type FoundFile, pathOf } from './choose-files.js';
import { type Compressed, compressFile } from './compress-file.js';
import { type DirectoryHandle, openDirectory, openDirectoryIn, UntrustedLink } from './directory-handle.js';
import { compileGlobs, type Globs, type Position } from './glob-files.js';
import { fileKey, openFiles } from './open-files.js';
import { isOwnFile, rootFault } from './root-fault.js';

const FREE_SPACE_TIMEOUT_S = 120;

/** Names looked at in all roots together; a directory of millions must not hold up everything else. */
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 64;
/** Other things get their turn after so many names. */
const BREATH_EVERY = 256;

export interface FreeSpaceSpec {
  readonly name: string;
  readonly free_space: StepSpecs['free_space'];
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
}

/**
 * Deletes or compresses old files below the listed roots. Below them it follows no symbolic link, never leaves the mount of a
 * root, and touches regular files of one name only; nothing that some process has open, and nothing of grace's own.
 */
export function freeSpaceStep({ name, free_space: rules, ...given }: FreeSpaceSpec, clock: Clock): Step {
  const { timeout_s = FREE_SPACE_TIMEOUT_S, repeatable = true } = given;
  const files = `files below ${rules.roots.join(', ')} that match ${rules.globs.join(' or ')}`;
  const kept = rules.keep > 0 ? `, but not the newest ${rules.keep} of each directory` : '';
  return {
    name,
    destroys:
      rules.how === 'compress'
        ? `nothing: a .gz takes the place of ${files}`
        : `${files} and are older than ${rules.older_than} s${kept}, for good`,
    repeatable,
    timeout_s,
    freesSpace: true,
    deletesData: rules.how !== 'compress',
    run: (order) => freeSpace(rules, { order, timeout_s, clock }),
  };
}

interface Props {
  readonly order: StepOrder;
  readonly timeout_s: number;
  readonly clock: Clock;
}

/** Counts on while the step runs, so that whatever ends it can say how far it came. */
interface Tally {
  looked: number;
  done: number;
  freed_bytes: number;
  /** What could not be done, by reason. */
  readonly failures: Map<string, number>;
}

async function freeSpace(rules: StepSpecs['free_space'], { order, timeout_s, clock }: Props): Promise<StepResult> {
  const deadline = clock.elapsed() + timeout_s;
  const limits: Limits = { late: () => clock.elapsed() >= deadline, stop: order.stop };
  const tally: Tally = { looked: 0, done: 0, freed_bytes: 0, failures: new Map() };
  const roots: OpenRoot[] = [];
  try {
    for (const path of rules.roots) {
      const fault = rootFault(path);
      if (fault !== undefined) return { outcome: 'failed', exit: fault };
      const opened = openRoot(path);
      if ('reason' in opened) return { outcome: 'failed', exit: opened.reason };
      roots.push(opened);
      // A link of ours may have led there.
      const really = rootFault(opened.handle.realPath());
      if (really !== undefined) return { outcome: 'failed', exit: `${path}: ${really}` };
    }
    if (rules.until_free !== undefined && roots.every((root) => hasEnough(root, rules.until_free))) {
      return { outcome: 'worked', exit: `nothing to do: ${freeOf(roots)}` };
    }
    const globs = await compileGlobs(rules.globs);
    const found = await findFiles(roots, globs, tally, limits);
    const choice = chooseFiles(found, rules, clock.now(), await openFiles(oldOnes(found, rules, clock)));
    for (const file of choice.chosen) {
      if (isOver(limits)) break;
      const root = roots.find(({ path }) => path === file.root);
      if (root === undefined || hasEnough(root, rules.until_free)) continue;
      await act(root, file, rules.how, tally, limits);
      if (tally.done % BREATH_EVERY === 0) await breath();
    }
    const exit = sentence(rules, tally, choice, roots);
    if (order.stop.aborted) return { outcome: 'failed', exit: `interrupted: ${exit}` };
    if (limits.late()) return { outcome: 'timed_out', exit: `ended after ${timeout_s} s: ${exit}` };
    return { outcome: tally.done > 0 ? 'worked' : 'failed', exit };
  } catch (error) {
    const reason = systemErrorSentence(error);
    if (reason === undefined) throw error;
    return { outcome: 'failed', exit: `${reason}; ${did(rules.how, tally)}` };
  } finally {
    for (const { handle } of roots) handle.close();
  }
}

interface Limits {
  readonly late: () => boolean;
  readonly stop: AbortSignal;
}

function isOver({ late, stop }: Limits): boolean {
  return stop.aborted || late();
}

interface OpenRoot {
  readonly path: string;
  readonly handle: DirectoryHandle;
}

function openRoot(path: string): OpenRoot | { readonly reason: string } {
  try {
    return { path, handle: openDirectory(path) };
  } catch (error) {
    const sentence = error instanceof UntrustedLink ? error.message : systemErrorSentence(error);
    if (sentence === undefined) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return { reason: `${path} is no directory` };
    return { reason: `${path}: ${sentence}` };
  }
}

async function findFiles(
  roots: readonly OpenRoot[],
  globs: Globs,
  tally: Tally,
  limits: Limits,
): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  const visit = async (root: OpenRoot, directory: DirectoryHandle, names: readonly string[], position: Position) => {
    const listed = await listNames(directory, tally, limits);
    // Another log directory of grace: what lies there, in it and below, is the evidence.
    if (listed.includes('immutable_audit.jsonl') && isOurs(directory, 'immutable_audit.jsonl')) return;
    for (const [i, name] of listed.entries()) {
      if (i % BREATH_EVERY === BREATH_EVERY - 1) await breath();
      if (isOver(limits)) return;
      const stat = lookAt(directory, name);
      if (stat?.isFile() && globs.matches(position, name) && !isOwnFile(name)) {
        const file = fileOf(root, names, name, stat);
        // Roots may lie in each other.
        if (!found.has(fileKey(file))) found.set(fileKey(file), file);
      }
      if (!stat?.isDirectory() || names.length >= MAX_DEPTH) continue;
      const below = globs.enter(position, name);
      if (below.length === 0) continue;
      const child = enter(directory, name);
      if (child === undefined) continue;
      try {
        await visit(root, child, [...names, name], below);
      } finally {
        child.close();
      }
    }
  };
  for (const root of roots) await visit(root, root.handle, [], globs.start);
  return [...found.values()];
}

async function listNames(directory: DirectoryHandle, tally: Tally, limits: Limits): Promise<string[]> {
  const names: string[] = [];
  const dir = opendirSync(`/proc/self/fd/${directory.fd}`, { bufferSize: BREATH_EVERY });
  try {
    while (tally.looked < MAX_ENTRIES && !isOver(limits)) {
      const entry = dir.readSync();
      if (entry === null) break;
      names.push(entry.name);
      if (++tally.looked % BREATH_EVERY === 0) await breath();
    }
  } finally {
    dir.closeSync();
  }
  return names;
}

function isOurs(directory: DirectoryHandle, name: string): boolean {
  const stat = lookAt(directory, name);
  return stat?.isFile() === true && Number(stat.uid) === effectiveUid();
}

/** `undefined`: it is gone, or its name is no text. */
function lookAt(directory: DirectoryHandle, name: string): BigIntStats | undefined {
  try {
    return lstatSync(directory.at(name), { bigint: true });
  } catch {
    return undefined;
  }
}

/** `undefined` for what is no directory of this mount, or may not be read. */
function enter(directory: DirectoryHandle, name: string): DirectoryHandle | undefined {
  try {
    return openDirectoryIn(directory, name);
  } catch (error) {
    if (systemErrorSentence(error) === undefined) throw error;
    return undefined;
  }
}

function fileOf(root: OpenRoot, directories: readonly string[], name: string, stat: BigIntStats): FoundFile {
  return {
    root: root.path,
    directories,
    name,
    dev: stat.dev,
    ino: stat.ino,
    allocated_bytes: Number(stat.blocks) * 512,
    size_bytes: Number(stat.size),
    mtime_ms: Number(stat.mtimeNs / 1_000n) / 1_000,
    links: Number(stat.nlink),
  };
}

/** Whether they are open is asked of those alone that may be chosen. */
function oldOnes(found: readonly FoundFile[], rules: StepSpecs['free_space'], clock: Clock): readonly FoundFile[] {
  const { chosen, linked } = chooseFiles(found, rules, clock.now());
  return [...chosen, ...linked];
}

async function act(
  root: OpenRoot,
  file: FoundFile,
  how: StepSpecs['free_space']['how'],
  tally: Tally,
  limits: Limits,
): Promise<void> {
  const fail = (reason: string) => tally.failures.set(reason, (tally.failures.get(reason) ?? 0) + 1);
  const opened: DirectoryHandle[] = [];
  try {
    let directory = root.handle;
    for (const name of file.directories) {
      const child = openDirectoryIn(directory, name);
      if (child === undefined) return void fail('its directory has been replaced');
      opened.push(child);
      directory = child;
    }
    const now = lookAt(directory, file.name);
    if (now === undefined) return;
    if (!now.isFile() || !isSame(fileOf(root, file.directories, file.name, now), file)) {
      return void fail('it has changed meanwhile');
    }
    if (how === 'delete') {
      unlinkSync(directory.at(file.name));
      tally.done++;
      tally.freed_bytes += file.allocated_bytes;
      return;
    }
    const compressed: Compressed = await compressFile(directory, file, () => isOver(limits));
    if ('reason' in compressed) return void fail(compressed.reason);
    tally.done++;
    tally.freed_bytes += compressed.freed_bytes;
  } catch (error) {
    const reason = systemErrorSentence(error);
    if (reason === undefined) throw error;
    fail(reason);
  } finally {
    for (const handle of opened.reverse()) handle.close();
  }
}

function isSame(a: FoundFile, b: FoundFile): boolean {
  return fileKey(a) === fileKey(b) && a.mtime_ms === b.mtime_ms && a.links === b.links;
}

/** As `df` shows it: of what this account, which may not use the reserve of root, can have. */
function freeIn({ handle }: OpenRoot): { readonly bytes: number; readonly share: number } {
  const { bsize, blocks, bfree, bavail } = statfsSync(`/proc/self/fd/${handle.fd}`);
  const reachable = blocks - bfree + bavail;
  return { bytes: bavail * bsize, share: reachable === 0 ? 0 : bavail / reachable };
}

/** Up to 1 a share, above it bytes. */
function hasEnough(root: OpenRoot, wanted: number | undefined): boolean {
  if (wanted === undefined) return false;
  const free = freeIn(root);
  return wanted <= 1 ? free.share >= wanted : free.bytes >= wanted;
}

function freeOf(roots: readonly OpenRoot[]): string {
  const filesystems = new Map(roots.map((root) => [fstatSync(root.handle.fd, { bigint: true }).dev, root]));
  return [...filesystems.values()]
    .map(
      (root) => `${(freeIn(root).share * 100).toFixed(1)} % (${inUnits(freeIn(root).bytes)}) free below ${root.path}`,
    )
    .join(', ');
}

function did(how: StepSpecs['free_space']['how'], { done, freed_bytes }: Tally): string {
  const verb = how === 'delete' ? 'deleted' : 'compressed';
  return `${verb} ${files(done)}, ${inUnits(freed_bytes)} freed`;
}

function sentence(
  rules: StepSpecs['free_space'],
  tally: Tally,
  { open, linked }: { readonly open: readonly FoundFile[]; readonly linked: readonly FoundFile[] },
  roots: readonly OpenRoot[],
): string {
  const parts = [did(rules.how, tally)];
  if (open.length > 0) {
    const why = rules.how === 'delete' ? 'deleting what is open frees nothing' : 'what is open may be written to';
    parts.push(`${files(open.length)} of ${inUnits(allocated(open))} left: ${why}`);
  }
  if (linked.length > 0) parts.push(`${files(linked.length)} with other names left`);
  for (const [reason, n] of tally.failures) parts.push(`${files(n)} left: ${reason}`);
  if (tally.looked >= MAX_ENTRIES) parts.push(`looked at ${MAX_ENTRIES} names and no further`);
  if (rules.until_free !== undefined) {
    const short = roots.some((root) => !hasEnough(root, rules.until_free));
    parts.push(`${freeOf(roots)}${short ? ', less than was wanted' : ''}`);
  }
  return parts.join('; ');
}

function allocated(files: readonly FoundFile[]): number {
  return [...new Map(files.map((file) => [pathOf(file), file.allocated_bytes])).values()].reduce((a, b) => a + b, 0);
}

function files(n: number): string {
  return `${n} ${n === 1 ? 'file' : 'files'}`;
}

/** `1.2 GiB` */
function inUnits(bytes: number): string {
  let [value, unit] = [bytes, 'B'];
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024) break;
    [value, unit] = [value / 1024, next];
  }
  return unit === 'B' ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}
