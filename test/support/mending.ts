import { type HealHost, WIDE, WIDE_POLICY } from './heal-host.js';

/** A check `up` that fails while the file `up` is missing, and one playbook for it, `mend`. */
export function configureMending(host: HealHost, steps: readonly object[], verify: object): void {
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY },
    checks: {
      up: { file: { path: host.path('up') }, ...{ every: '100ms', confirm: '1 of 1', heal: ['mend'], limits: WIDE } },
    },
    playbooks: { mend: { ...{ risk: 'low', steps, relapse: '0s' }, verify: { passes: 2, ...verify } } },
  });
}
