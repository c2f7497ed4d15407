/** The chance and the cost of a playbook, given what has failed before it. */
export type Chance = (id: string, failed: readonly string[]) => { readonly p: number; readonly cost_s: number };

/** Expected seconds to recovery when these are tried one after another, and a person is the last remedy. */
export function expectedTtr(order: readonly string[], chance: Chance, person_s: number): number {
  let expected = 0;
  let reached = 1;
  order.forEach((id, place) => {
    const { p, cost_s } = chance(id, order.slice(0, place));
    expected += reached * cost_s;
    reached *= 1 - p;
  });
  return expected + reached * person_s;
}
