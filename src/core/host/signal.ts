export type Delivery = 'sent' | 'gone' | 'not permitted';

/**
 * Signal 0 only asks whether a signal would be delivered. Throws on a pid below 1: to the kernel those mean "my whole
 * process group" and "everybody", which is never what was meant.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): Delivery {
  if (!Number.isSafeInteger(pid) || pid < 1) throw new RangeError(`${pid} is not the pid of one process`);
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'not permitted';
    throw error;
  }
}

export function ownPid(): number {
  return process.pid;
}

export function parentPid(): number {
  return process.ppid;
}
