import type { Clock } from '../../core/host/clock.js';
import type { Step } from '../playbook.js';

export interface WaitSpec {
  readonly name: string;
  /** Seconds. */
  readonly wait: number;
  readonly timeout_s?: number | undefined;
}

/** Lets time pass; ends at once when the operator interrupts. */
export function waitStep({ name, wait, timeout_s = wait + 1 }: WaitSpec, clock: Clock): Step {
  return {
    name,
    destroys: 'nothing',
    repeatable: true,
    timeout_s,
    run: ({ stop }) =>
      new Promise((resolve) => {
        const started = clock.elapsed();
        const waited = () => `waited ${(clock.elapsed() - started).toFixed(1)} s`;
        if (stop.aborted) {
          resolve({ outcome: 'failed', exit: 'interrupted' });
          return;
        }
        const onStop = () => {
          clearTimeout(timer);
          resolve({ outcome: 'failed', exit: `interrupted: ${waited()} of ${wait} s` });
        };
        const timer = setTimeout(() => {
          stop.removeEventListener('abort', onStop);
          if (wait <= timeout_s) resolve({ outcome: 'worked', exit: waited() });
          else resolve({ outcome: 'timed_out', exit: `${waited()} of ${wait} s` });
        }, Math.min(wait, timeout_s) * 1000);
        stop.addEventListener('abort', onStop, { once: true });
      }),
  };
}
