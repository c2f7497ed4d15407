import type { ProbeStatus } from './check.js';
import type { Watched } from './watched.js';

/**
 * How the checks stand on which this one depends, and those on which they depend: probed now, for what was seen a while
 * ago says nothing about a failure that has just begun. Each is probed once, whatever the circles.
 */
export async function dependencyStates(
  watched: Watched,
  all: ReadonlyMap<string, Watched>,
): Promise<{ name: string; status: ProbeStatus }[]> {
  const names = new Set<string>();
  const collect = (one: Watched) => {
    for (const name of one.depends_on) {
      if (name === watched.check.name || names.has(name)) continue;
      names.add(name);
      const other = all.get(name);
      if (other) collect(other);
    }
  };
  collect(watched);
  return Promise.all(
    [...names].map(async (name) => ({ name, status: (await all.get(name)?.check.probe())?.status ?? 'unknown' })),
  );
}
