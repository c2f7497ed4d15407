import type { Delivery } from './signal.js';

/** To every process of that group. Throws on a group below 2: to the kernel 0 and 1 mean "my own group" and "everybody". */
export function sendSignalToGroup(pgid: number, signal: NodeJS.Signals): Delivery {
  if (!Number.isSafeInteger(pgid) || pgid < 2) throw new RangeError(`${pgid} is not a process group of one program`);
  try {
    process.kill(-pgid, signal);
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'not permitted';
    throw error;
  }
}
