import { setMaxListeners } from 'node:events';
import { EXIT, type ExitCode } from '../core/errors.js';

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.terminated } as const;

export interface Interrupts {
  readonly stop: AbortSignal;
  /** The exit code of the signal that came, if one did. */
  exit(): ExitCode | undefined;
}

/**
 * While `work` runs, a signal asks it to stop cleanly instead of ending the process under it. `except`: those that mean
 * something else to it.
 */
export async function interruptible<T>(
  work: (interrupts: Interrupts) => Promise<T>,
  except: readonly (keyof typeof SIGNALS)[] = [],
): Promise<T> {
  const controller = new AbortController();
  // Each check that waits listens to it.
  setMaxListeners(0, controller.signal);
  let exit: ExitCode | undefined;
  const wanted = Object.entries(SIGNALS).filter(([signal]) => !except.some((one) => one === signal));
  const listeners = wanted.map(([signal, code]) => {
    const listener = () => {
      exit ??= code;
      controller.abort();
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  try {
    return await work({ stop: controller.signal, exit: () => exit });
  } finally {
    for (const remove of listeners) remove();
  }
}
