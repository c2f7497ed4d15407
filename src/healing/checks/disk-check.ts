import type { StatsFsBase } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Finding, PerfValue } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { percent, sizeShown } from './shown.js';

/** A share of the network that is gone holds whoever asks; nobody waits longer. */
const TIMEOUT_MS = 5000;

type Spec = CheckSpecs['disk'];
type Figures = Pick<StatsFsBase<bigint>, 'bsize' | 'blocks' | 'bfree' | 'bavail' | 'files' | 'ffree'>;

/**
 * Questions that have not been answered yet, by path. While one waits no other is asked: each would hold one more thread
 * of the few there are.
 */
const asked = new Map<string, Promise<Figures>>();

/** How full the file system of a path is: bytes and inodes. */
export async function probeDisk(spec: Spec): Promise<Finding> {
  const { path } = spec;
  const figures = asked.get(path) ?? statfs(path, { bigint: true }).finally(() => asked.delete(path));
  asked.set(path, figures);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, TIMEOUT_MS, undefined);
  });
  try {
    const answer = await Promise.race([figures, late]);
    if (answer !== undefined) return judgeDisk(spec, answer);
    figures.catch(() => {});
    return unknown(`the file system of ${path} does not answer within ${TIMEOUT_MS / 1000} s`);
  } catch (error) {
    return unknown(cannotRun(error));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The share used is that of df: of what is used and what is available to everybody, so that blocks kept for root count as
 * neither. Not rounded; df rounds up. A file system that does not count inodes cannot run out of them.
 */
export function judgeDisk({ path, used_below, free_above, inodes_used_below }: Spec, figures: Figures): Finding {
  const { bsize, blocks, bfree, bavail, files, ffree } = figures;
  const used = blocks - bfree;
  const total = used + bavail;
  if (total <= 0n) return unknown(`the file system of ${path} has no size`);
  const used_share = ratio(used, total);
  const free_bytes = Number(bavail * bsize);
  const inodes_share = files > 0n ? ratio(files - ffree, files) : 0;

  const wrong: string[] = [];
  if (used_below !== undefined && used_share >= used_below) {
    wrong.push(`${percent(used_share)} used, less than ${percent(used_below)} expected`);
  }
  if (free_above !== undefined && free_bytes <= free_above) {
    wrong.push(`${sizeShown(free_bytes)} free, more than ${sizeShown(free_above)} expected`);
  }
  if (inodes_used_below !== undefined && files > 0n && inodes_share >= inodes_used_below) {
    wrong.push(`${percent(inodes_share)} of its inodes used, less than ${percent(inodes_used_below)} expected`);
  }

  const all = `${percent(used_share)} used, ${sizeShown(free_bytes)} free${files > 0n ? `, ${percent(inodes_share)} of its inodes used` : ''}`;
  const perfdata: PerfValue[] = [
    { label: 'used', value: used_share * 100, unit: '%', ...bound(used_below), min: 0, max: 100 },
    {
      label: 'free',
      value: free_bytes,
      unit: 'B',
      ...(free_above !== undefined && { crit: `${free_above}:` }),
      min: 0,
    },
  ];
  if (files > 0n) {
    perfdata.push({
      label: 'inodes_used',
      value: inodes_share * 100,
      unit: '%',
      ...bound(inodes_used_below),
      min: 0,
      max: 100,
    });
  }
  return {
    status: wrong.length > 0 ? 'critical' : 'ok',
    summary: `${path}: ${wrong.length > 0 ? wrong.join('; ') : all}`,
    perfdata,
  };
}

function bound(share: number | undefined): { crit?: string } {
  // 0.57 times 100 is not quite 57.
  return share === undefined ? {} : { crit: String(Number((share * 100).toFixed(6))) };
}

function ratio(part: bigint, whole: bigint): number {
  return Number(part) / Number(whole);
}

function unknown(summary: string): Finding {
  return { status: 'unknown', summary };
}
