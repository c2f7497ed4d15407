import { isJsonObject, type Json } from '../../core/records/json.js';
import type { LearnableCheck } from '../tick/facts.js';

/**
 * Of the waits that were learned, seconds by playbook, those that hold with what grace.yaml says today, which counts at once: another
 * `within` takes the place of what was learned, and none lies outside the author's bounds. `said`: the playbooks as the
 * entry on the arms has them.
 */
export function waitsOfToday(
  { playbooks }: Pick<LearnableCheck, 'playbooks'>,
  waits: Readonly<Record<string, number>>,
  said: Json | undefined,
): Record<string, number> {
  const listed = Array.isArray(said) ? said.filter(isJsonObject) : [];
  const before = new Map(listed.map(({ id, within_s }) => [id, within_s]));
  const hold = playbooks.flatMap(({ id, within_s, bounds }) => {
    const wait_s = Object.hasOwn(waits, id) ? waits[id] : undefined;
    if (wait_s === undefined || (before.get(id) ?? within_s) !== within_s) return [];
    return [[id, bounds ? Math.min(bounds.most_s, Math.max(bounds.least_s, wait_s)) : wait_s] as const];
  });
  return Object.fromEntries(hold);
}
