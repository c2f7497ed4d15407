import { readFileSync } from 'node:fs';
import type { CheckSpecs } from '../../core/config/schema/check-schema.js';
import type { Finding, PerfValue } from '../check.js';
import { cannotRun } from '../connection-faults.js';
import { percent, sizeShown } from './shown.js';

type Spec = CheckSpecs['memory'];

/** Bytes. */
interface Figures {
  readonly total: number;
  readonly available: number;
  readonly swap_total: number;
  readonly swap_used: number;
}

/** Shares of the last 10 s. */
interface Pressure {
  readonly some: number;
  readonly full: number;
}

/** Memory of the host, or of a control group (version 2); with the time that tasks waited for it. */
export function probeMemory(spec: Spec, proc = '/proc'): Finding {
  const { cgroup } = spec;
  try {
    const host = hostFigures(read(`${proc}/meminfo`));
    const figures = cgroup === undefined ? host : groupFigures(cgroup, host);
    const wanted = spec.pressure_some_below !== undefined || spec.pressure_full_below !== undefined;
    const path = cgroup === undefined ? `${proc}/pressure/memory` : `${cgroup}/memory.pressure`;
    return judge(spec, figures, wanted ? pressureIn(read(path), path) : undefined);
  } catch (error) {
    return { status: 'unknown', summary: cannotRun(error) };
  }
}

function judge(spec: Spec, { total, available, swap_total, swap_used }: Figures, pressure?: Pressure): Finding {
  const { available_above, swap_used_below, pressure_some_below, pressure_full_below } = spec;
  const available_share = total > 0 ? available / total : 0;
  // A host without swap cannot run out of it.
  const swap_share = swap_total > 0 ? swap_used / swap_total : 0;

  const wrong: string[] = [];
  // At most 1 is a share: the least size that could be meant has more bytes.
  if (available_above !== undefined && available_above <= 1 && available_share <= available_above) {
    wrong.push(`${percent(available_share)} available, more than ${percent(available_above)} expected`);
  }
  if (available_above !== undefined && available_above > 1 && available <= available_above) {
    wrong.push(`${sizeShown(available)} available, more than ${sizeShown(available_above)} expected`);
  }
  if (swap_used_below !== undefined && swap_total > 0 && swap_share >= swap_used_below) {
    wrong.push(`${percent(swap_share)} of the swap used, less than ${percent(swap_used_below)} expected`);
  }
  for (const [which, limit] of [
    ['some', pressure_some_below],
    ['full', pressure_full_below],
  ] as const) {
    const share = pressure?.[which];
    if (limit === undefined || share === undefined || share < limit) continue;
    const who = which === 'some' ? 'some task' : 'all tasks';
    wrong.push(`${who} waited for memory ${percent(share)} of the time, less than ${percent(limit)} expected`);
  }

  const perfdata: PerfValue[] = [
    { label: 'available', value: available, unit: 'B', min: 0, max: total },
    { label: 'swap_used', value: swap_used, unit: 'B', min: 0, max: swap_total },
  ];
  if (pressure !== undefined) {
    perfdata.push({ label: 'pressure_some', value: pressure.some * 100, unit: '%', min: 0, max: 100 });
    perfdata.push({ label: 'pressure_full', value: pressure.full * 100, unit: '%', min: 0, max: 100 });
  }
  const all = `${sizeShown(available)} of ${sizeShown(total)} available`;
  return {
    status: wrong.length > 0 ? 'critical' : 'ok',
    summary: wrong.length > 0 ? wrong.join('; ') : all,
    perfdata,
  };
}

function hostFigures(meminfo: string): Figures {
  const bytes = (name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1];
    if (kib === undefined) throw new Error(`the kernel does not tell ${name}`);
    return Number(kib) * 1024;
  };
  const swap_total = bytes('SwapTotal');
  return {
    total: bytes('MemTotal'),
    available: bytes('MemAvailable'),
    swap_total,
    swap_used: swap_total - bytes('SwapFree'),
  };
}

/**
 * What the kernel could take back at once, files that were not used of late, counts as available, as it does for the
 * host. Where the group has no limit, that of the host holds.
 */
function groupFigures(cgroup: string, host: Figures): Figures {
  const current = numberIn(read(`${cgroup}/memory.current`), `${cgroup}/memory.current`);
  const limit = limitIn(`${cgroup}/memory.max`) ?? Number.POSITIVE_INFINITY;
  const idle = Number(/^inactive_file (\d+)$/m.exec(readIfThere(`${cgroup}/memory.stat`) ?? '')?.[1] ?? 0);
  const swap_current = readIfThere(`${cgroup}/memory.swap.current`);
  const total = Math.min(limit, host.total);
  return {
    total,
    available: Math.max(0, Math.min(limit - current + Math.min(idle, current), host.available)),
    swap_total:
      swap_current === undefined ? 0 : Math.min(limitIn(`${cgroup}/memory.swap.max`) ?? Infinity, host.swap_total),
    swap_used: swap_current === undefined ? 0 : Number(swap_current),
  };
}

/** `undefined`: no limit. */
function limitIn(path: string): number | undefined {
  const text = read(path).trim();
  return text === 'max' ? undefined : numberIn(text, path);
}

function numberIn(text: string, path: string): number {
  if (!/^\d+\s*$/.test(text)) throw new Error(`${path} holds no number`);
  return Number(text);
}

function pressureIn(text: string, path: string): Pressure {
  const share = (which: string) => {
    const avg10 = new RegExp(`^${which} avg10=(\\d+(?:\\.\\d+)?) `, 'm').exec(text)?.[1];
    if (avg10 === undefined) throw new Error(`${path} does not tell how long ${which} tasks waited`);
    return Number(avg10) / 100;
  };
  return { some: share('some'), full: share('full') };
}

function read(path: string): string {
  return readFileSync(path, 'latin1');
}

function readIfThere(path: string): string | undefined {
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
