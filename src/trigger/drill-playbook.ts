/** A playbook as in grace.yaml, of these steps. */
export function drillPlaybook(name: string, steps: readonly object[], more: object = {}): object {
  return {
    name,
    risk: 'low',
    steps,
    verify: { within: '10s', every: '20ms' },
    // The next drill on the same port is no relapse of this one.
    relapse: '0s',
    ...more,
  };
}
