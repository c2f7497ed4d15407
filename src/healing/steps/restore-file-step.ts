import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, lstat, rename, rm } from 'node:fs/promises';
import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import type { Clock } from '../../core/host/clock.js';
import { parsesAs } from '../parses-as.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { openRegularFile, troubleOf } from '../regular-file.js';
import { type Copied, copyBeside, whatStandsAt } from './copy-beside.js';
import { type FilePlace, openPlace } from './file-place.js';

export const RESTORE_FILE_TIMEOUT_S = 60;

const CHUNK_BYTES = 1024 * 1024;
/** Ends the name of the former file. */
const BEFORE = '.grace-before';

export interface RestoreFileSpec {
  readonly name: string;
  readonly restore_file: StepSpecs['restore_file'];
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
}

/**
 * Puts a copy of a backup in the place of a file: readers see the old one or the new one, after a power cut too. It gets
 * owner and mode of the file that it replaces, which stays beside it as `.grace-before`; of access control lists and other
 * attributes nothing is kept. A file that already is as the backup is left alone.
 */
export function restoreFileStep(spec: RestoreFileSpec, clock: Clock): Step {
  const { name, restore_file, timeout_s = RESTORE_FILE_TIMEOUT_S, repeatable = true } = spec;
  const { path } = restore_file;
  return {
    name,
    destroys: `what ${path} holds; it is kept as ${beforeOf(path)} until the next time`,
    repeatable,
    timeout_s,
    deletesData: true,
    async run(order) {
      const { stop } = order;
      const until = clock.elapsed() + timeout_s;
      const to = openPlace(path);
      if ('trouble' in to) return refused(`${path}: ${to.trouble.sentence}`);
      const from = openPlace(restore_file.from);
      try {
        if ('trouble' in from) return refused(`${restore_file.from}: ${from.trouble.sentence}`);
        return await restore(to, from, restore_file.parses_as, { clock, stop, until });
      } catch (error) {
        return refused(`${path}: ${troubleOf(error).sentence}`);
      } finally {
        await rm(asideOf(to).at, { force: true }).catch(() => {});
        to.directory.close();
        if (!('trouble' in from)) from.directory.close();
      }
    },
  };
}

interface Props {
  readonly clock: Clock;
  readonly stop: StepOrder['stop'];
  /** Monotonic seconds. */
  readonly until: number;
}

async function restore(
  place: FilePlace,
  source: FilePlace,
  parses_as: StepSpecs['restore_file']['parses_as'],
  props: Props,
): Promise<StepResult> {
  const [path, from] = [place.path, source.path];
  const standing = await whatStandsAt(place);
  if (standing.kind === 'refused') return refused(standing.reason);
  const backup = await whatStandsAt(source);
  if (backup.kind === 'refused') return refused(backup.reason);
  if (backup.kind === 'nothing') return refused(`the backup ${from} is missing`);
  const former = standing.kind === 'file' ? standing.stats : undefined;
  if (former !== undefined && isSameFile(former, backup.stats)) {
    return refused(`${from} and ${path} are one and the same file`);
  }

  const aside = asideOf(place);
  // Not written into: it may be another name of somebody's file.
  await rm(aside.at, { force: true });
  const copied = await copyBeside({ from: source, to: aside, like: former, ...props });
  if (copied.kind !== 'copied') return notCopied(copied);
  if (parses_as !== undefined) {
    // The copy, so that what was looked at is what is put in place. A long one is parsed by another process.
    const parsed = await parsesAs(parses_as, aside.real, props.clock);
    if (parsed.kind !== 'parses') {
      return refused(`the backup ${from} is not known to be ${parses_as.toUpperCase()}: ${parsed.detail}`);
    }
  }
  if (former?.size === copied.bytes && (await sha256Of(place)) === copied.sha256) {
    return { outcome: 'worked', exit: `${path} is already the same as ${from}; nothing was replaced` };
  }
  if (props.stop.aborted) return { outcome: 'failed', exit: 'interrupted; nothing was replaced' };
  if (props.clock.elapsed() >= props.until) return { outcome: 'timed_out', exit: 'out of time; nothing was replaced' };

  if (former !== undefined) await keepFormer(place, former);
  await rename(aside.at, place.at);
  place.syncName();
  const kept = former === undefined ? 'there was none before' : `the former one is kept as ${beforeOf(path)}`;
  return { outcome: 'worked', exit: `restored ${path} from ${from} (${copied.bytes} bytes); ${kept}` };
}

/** Under its second name before it loses the first: at no moment is there no file of that name. */
async function keepFormer(place: FilePlace, former: Stats): Promise<void> {
  const before = place.beside(BEFORE);
  if (!isSameFile(await lstat(place.at), former)) throw new Error('it was replaced by somebody else meanwhile');
  await rm(before.at, { force: true });
  try {
    await link(place.at, before.at);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Some filesystems have no hard links, and some kernels allow none to files of others.
    if (!['EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await rename(place.at, before.at);
  }
}

async function sha256Of({ at }: FilePlace): Promise<string | undefined> {
  const opened = await openRegularFile(at, { nofollow: true });
  if ('trouble' in opened) return undefined;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await opened.handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } catch {
    // What cannot be read is not what it should be.
    return undefined;
  } finally {
    await opened.handle.close();
  }
}

function notCopied(copied: Exclude<Copied, { kind: 'copied' }>): StepResult {
  switch (copied.kind) {
    case 'refused':
      return refused(copied.reason);
    case 'stopped':
      return { outcome: 'failed', exit: 'interrupted; nothing was replaced' };
    case 'timed_out':
      return { outcome: 'timed_out', exit: 'the backup could not be copied in time; nothing was replaced' };
  }
}

function refused(reason: string): StepResult {
  return { outcome: 'failed', exit: `refused: ${reason}` };
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function beforeOf(path: string): string {
  return `${path}${BEFORE}`;
}

function asideOf(place: FilePlace): FilePlace {
  return place.beside('.grace-new');
}
