// Worlds in which an order of remedies can be learned: what is true in them, and what happens in them.
import { expectedTtr } from '../../src/learning/order/expected-ttr.ts';
import { seededRandom } from '../../src/learning/order/random.ts';

export const PERSON_S = 1800;
const MODES = 8;
const PLAYBOOKS = ['a', 'b', 'c', 'd'];
const ORDERS = orderedSubsets(PLAYBOOKS);

/**
 * A world of its own for each seed. Failure modes follow Zipf's law; each has four playbooks, listed by an author who did
 * not know which is best, with a declared duration that is up to twice too long or too short. Half way, half of the modes
 * change. With shared causes, an incident in three has a cause that defeats two of the four, whichever comes first.
 *
 * What chance decides is decided here for each incident and playbook, and so is the same for every policy.
 *
 * @param {string} seed
 * @param {{ incidents: number, sharedCauses: boolean, targets?: number }} options
 */
export function worldOf(seed, { incidents, sharedCauses, targets = 1 }) {
  const random = seededRandom(`world ${seed}`);
  const changing = new Set(shuffled([...Array(MODES).keys()], random).slice(0, MODES / 2));
  const modes = Array.from({ length: MODES }, (_, index) => {
    const before = truthOf(random, sharedCauses);
    const changed = truthOf(random, sharedCauses);
    const playbooks = PLAYBOOKS.map((id) => ({ id, declared_s: before.by[id].works_s * logUniform(0.5, 2, random) }));
    const truths = [before, changing.has(index) ? changed : before].map(withOptimum);
    return { name: `mode-${index}`, playbooks: shuffled(playbooks, random), truths, weight: 1 / (index + 1) };
  });
  const total = modes.reduce((sum, { weight }) => sum + weight, 0);
  for (const mode of modes) mode.share = mode.weight / total;
  const happening = Array.from({ length: incidents }, (_, at) => {
    const mode = pick(modes, random);
    const caused = random();
    const chances = Object.fromEntries(PLAYBOOKS.map((id) => [id, { u: random(), spread: 0.5 + random() }]));
    return {
      mode,
      target: `target-${Math.floor(random() * targets)}`,
      truth: at * 2 < incidents ? 0 : 1,
      caused,
      chances,
    };
  });
  return { modes, happening };
}

/** What becomes of an incident handled in this order: playbooks tried until one works. */
export function triedIn({ mode, truth, caused, chances }, order) {
  const { by, cause } = mode.truths[truth];
  const tried = [];
  for (const playbook of order) {
    const { p, works_s, fails_s } = by[playbook];
    const { u, spread } = chances[playbook];
    const worked = u < p && !(caused < cause.share && cause.defeats.includes(playbook));
    tried.push({ playbook, worked, seconds: (worked ? works_s : fails_s) * spread });
    if (worked) break;
  }
  return tried;
}

/** What is truly to be expected of an order. */
export function trueTtr(truth, order) {
  const under = (caused) =>
    expectedTtr(
      order,
      (id) => {
        const { p, works_s, fails_s } = truth.by[id];
        const now = caused && truth.cause.defeats.includes(id) ? 0 : p;
        return { p: now, cost_s: now * works_s + (1 - now) * fails_s };
      },
      PERSON_S,
    );
  const { share } = truth.cause;
  return share === 0 ? under(false) : (1 - share) * under(false) + share * under(true);
}

function truthOf(random, sharedCauses) {
  const by = PLAYBOOKS.map((id) => {
    const works_s = logUniform(5, 300, random);
    return [id, { p: random(), works_s, fails_s: works_s + 30 + 60 * random() }];
  });
  return { by: Object.fromEntries(by), cause: causeOf(random, sharedCauses) };
}

function causeOf(random, sharedCauses) {
  const defeats = shuffled(PLAYBOOKS, random).slice(0, 2);
  return { share: sharedCauses ? 1 / 3 : 0, defeats };
}

function withOptimum(truth) {
  const best = ORDERS.map((order) => ({ order, ttr_s: trueTtr(truth, order) })).reduce((a, b) =>
    b.ttr_s < a.ttr_s ? b : a,
  );
  return { ...truth, best };
}

function orderedSubsets(ids) {
  return [[], ...ids.flatMap((id) => orderedSubsets(ids.filter((other) => other !== id)).map((rest) => [id, ...rest]))];
}

function pick(modes, random) {
  const u = random();
  let below = 0;
  for (const mode of modes) {
    below += mode.share;
    if (u < below) return mode;
  }
  return modes[0];
}

function logUniform(least, most, random) {
  return least * (most / least) ** random();
}

function shuffled(list, random) {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0]);
}
