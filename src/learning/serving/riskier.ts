import { isJsonObject, type Json } from '../../core/records/json.js';
import type { LearnablePlaybook, Risk } from '../tick/facts.js';

const RANK: Readonly<Record<Risk, number>> = { low: 0, medium: 1, high: 2 };

/** For each playbook of higher risk that comes before one of lower risk in `to`, and not in `from`, a sentence. */
export function overtaking(
  playbooks: readonly Pick<LearnablePlaybook, 'id' | 'risk'>[],
  from: readonly string[],
  to: readonly string[],
): string[] {
  const risks = new Map(playbooks.map(({ id, risk }) => [id, risk]));
  return to.flatMap((x, place) =>
    to.slice(place + 1).flatMap((y) => {
      const [a, b] = [risks.get(x) ?? 'high', risks.get(y) ?? 'high'];
      const overtakes = from.indexOf(y) < from.indexOf(x) && RANK[a] > RANK[b];
      return overtakes ? [`${x} (${a} risk) would come before ${y} (${b} risk)`] : [];
    }),
  );
}

/**
 * Whether a risk was raised in grace.yaml since an order was allowed, and the order would need a person now: then it counts no
 * longer, whoever had allowed it. `said`: the playbooks as the entry on the arms has them.
 */
export function isRiskier(
  playbooks: readonly Pick<LearnablePlaybook, 'id' | 'risk'>[],
  said: Json | undefined,
  first: readonly string[],
  order: readonly string[],
): boolean {
  const before = new Map(
    (Array.isArray(said) ? said.filter(isJsonObject) : []).map(({ id, risk }) => [id, risk as Risk]),
  );
  const isRaised = playbooks.some(({ id, risk }) => {
    const known = before.get(id);
    return known !== undefined && Object.hasOwn(RANK, known) && RANK[risk] > RANK[known];
  });
  return isRaised && overtaking(playbooks, first, order).length > 0;
}
