import { readdirSync, readFileSync } from 'node:fs';

/** What /proc/PID/stat says of a process. Start time and pid together name it for as long as this boot lasts. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly start_time: number;
  /** A zombie: it has ended, and its number is not yet free. */
  readonly ended: boolean;
}

/** `undefined` when there is no such process, or it cannot be seen. */
export function processRow(pid: number): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent, group, session, start_time] = [1, 2, 3, 19].map((i) => Number(fields[i])) as Four;
  return { pid, parent, group, session, start_time, ended: fields[0] === 'Z' || fields[0] === 'X' };
}

type Four = [number, number, number, number];

/** Throws what the kernel says when /proc cannot be read. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function isStillThere({ pid, start_time }: ProcessRow): boolean {
  return processRow(pid)?.start_time === start_time;
}

/** The account that has started it; `undefined` for one that has ended. */
export function realUidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
}
