import type { FieldPath } from './field-path.js';

/** One check names another, at this place of the file. */
export interface Reference {
  readonly to: string;
  readonly field: FieldPath;
}

export interface Cycle {
  /** Where the ring closes. */
  readonly field: FieldPath;
  /** The checks of the ring; the first is not repeated at the end. */
  readonly names: readonly string[];
}

/**
 * Rings among checks, each told once, of whatever length; those of one check with itself are left out. Goes along without
 * recursion: a chain may be thousands of checks long.
 */
export function dependencyCycles(references: ReadonlyMap<string, readonly Reference[]>): Cycle[] {
  const cycles: Cycle[] = [];
  const finished = new Set<string>();
  for (const start of references.keys()) {
    if (finished.has(start)) continue;
    const way = [{ name: start, next: 0 }];
    const depth = new Map([[start, 0]]);
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const reference = references.get(at.name)?.[at.next++];
      if (!reference) {
        finished.add(at.name);
        depth.delete(at.name);
        way.pop();
        continue;
      }
      const { to, field } = reference;
      const open = depth.get(to);
      if (open !== undefined) {
        if (to !== at.name) cycles.push({ field, names: way.slice(open).map(({ name }) => name) });
      } else if (!finished.has(to) && references.has(to)) {
        depth.set(to, way.length);
        way.push({ name: to, next: 0 });
      }
    }
  }
  return cycles;
}
