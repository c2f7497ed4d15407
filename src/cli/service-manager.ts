import { existsSync } from 'node:fs';
import type { Clock } from '../core/host/clock.js';
import { runChild } from '../healing/child/run-child.js';
import type { Env } from './output/streams.js';

const PROGRAM = ['/usr/bin/systemd-notify', '/bin/systemd-notify'];
const TIMEOUT_MS = 5000;

/** Tells the service manager that started this process how it is; does nothing where none did. */
export interface ServiceManager {
  /** Seconds between two signs of life that it expects; `undefined` where it expects none. */
  readonly watchdog_s: number | undefined;
  /** Why it cannot be told anything, although it wants to be. */
  readonly trouble: string | undefined;
  tell(...words: readonly string[]): Promise<void>;
}

/**
 * The protocol of sd_notify(3). Node has no datagram sockets of that family, so systemd's own program speaks it; the unit
 * needs `NotifyAccess=all`.
 */
export function serviceManager(env: Env, clock: Clock, pid: number): ServiceManager {
  const socket = env.NOTIFY_SOCKET;
  const program = PROGRAM.find((path) => existsSync(path));
  if (!socket) return { watchdog_s: undefined, trouble: undefined, tell: async () => undefined };
  if (program === undefined) {
    const trouble = 'the service manager waits to be told, and there is no systemd-notify to do it';
    return { watchdog_s: undefined, trouble, tell: async () => undefined };
  }
  const usec = Number(env.WATCHDOG_USEC);
  const isForUs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return {
    watchdog_s: Number.isFinite(usec) && usec > 0 && isForUs ? usec / 1e6 : undefined,
    trouble: undefined,
    async tell(...words) {
      // It waits until the manager has read it: a sender that is gone by then cannot be told from a stranger.
      const argv = [program, `--pid=${pid}`, ...words];
      const order = { argv, env: { NOTIFY_SOCKET: socket }, timeout_ms: TIMEOUT_MS, marker: 'sd-notify', clock };
      await runChild(order);
    },
  };
}
