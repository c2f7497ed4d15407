import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../core/host/clock.js';

export interface ServiceEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Since it was started. */
  readonly after_s: number;
}

/** Waits for the end of a program that was just started, so many milliseconds at the most. `undefined`: it is still there. */
export type EndWithin = (ms: number) => Promise<ServiceEnd | undefined>;

/** Its end is heard of as long as this process lives; nothing waits for it. */
export function endOfService(child: ChildProcess, clock: Clock): EndWithin {
  const started = clock.elapsed();
  let end: ServiceEnd | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal, after_s: clock.elapsed() - started };
      resolve();
    });
  });
  return (ms) =>
    new Promise((resolve) => {
      // When we were held up ourselves, it may have ended in time: what is waiting to be heard is heard first.
      const timer = setTimeout(() => setImmediate(() => resolve(end)), ms);
      void ended.then(() => {
        clearTimeout(timer);
        resolve(end);
      });
    });
}

/** `ended with exit 1`, `was ended by SIGKILL`. */
export function howItEnded({ code, signal }: ServiceEnd): string {
  return code === null ? `was ended by ${signal}` : `ended with exit ${code}`;
}
