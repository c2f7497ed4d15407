import { readdirSync, readFileSync } from 'node:fs';

/** Processes that carry the name of a directory, in their command line or their environment, this one apart. */
export function processesNaming(directory: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      if (command.includes(directory) || environment.includes(directory)) {
        found.push(`${pid}: ${command.replaceAll('\0', ' ')}`);
      }
    } catch {
      // It has ended.
    }
  }
  return found;
}

export function mountsNaming(directory: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
}

/** Everything that a drill below that directory has left. */
export function tracesBelow(directory: string): string[] {
  return [...processesNaming(directory), ...mountsNaming(directory), ...readdirSync(directory)];
}

/** Until there are none; answers those that stay for five seconds. */
export async function lastingTraces(directory: string): Promise<string[]> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const traces = tracesBelow(directory);
    if (traces.length === 0 || performance.now() > deadline) return traces;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
