import type { JsonObject } from '../core/records/json.js';
import type { EngineSetting } from '../healing/engine/setting.js';
import { authorsOrder, type ChosenOrder } from '../healing/engine/situation.js';
import type { Playbook } from '../healing/playbook.js';
import { chooseOrder, readArms, type Served } from '../learning/serving/choose-order.js';
import { isRiskier } from '../learning/serving/riskier.js';
import { seedOf } from '../learning/serving/seed-of.js';
import { waitsOfToday } from '../learning/serving/waits-of-today.js';
import type { Governance, LearnableCheck } from '../learning/tick/facts.js';

/** What healing asks of learning: in which order, and how long to wait. An episode ends in the order in which it began. */
export function learnedOrder(
  checks: readonly LearnableCheck[],
  { mode, holdout }: Pick<Governance, 'mode' | 'holdout'>,
): EngineSetting['order'] {
  const known = new Map(checks.map((check) => [check.name, check]));
  return ({ check, playbooks }, { standing, episode }) => {
    const learnable = known.get(check.name);
    if (learnable === undefined || episode.kind === 'changed') return authorsOrder(playbooks);
    const said = standing?.metadata.playbooks;
    const listed = playbooks.map(({ id }) => id);
    const { incumbent = [], candidate = [] } = readArms(standing?.decision) ?? {};
    if ([incumbent, candidate].some((order) => isRiskier(learnable.playbooks, said, listed, order))) {
      return authorsOrder(playbooks);
    }
    const mayBeRandomised = new Map(learnable.playbooks.map(({ id, may_randomise }) => [id, may_randomise]));
    const served = chooseOrder({
      standing: standing?.decision,
      listed,
      ...{ mode, holdout, learn: learnable.learn },
      mayBeRandomised: (id) => mayBeRandomised.get(id) === true,
      seed: episode.kind === 'begins' ? seedOf(check.name, episode.onset) : '',
    });
    const drawn =
      episode.kind === 'begins' ? chosen(playbooks, served) : asItBegan(playbooks, episode.opening.decision);
    // What others are held against is the author's in everything.
    const isBaseline = drawn.frozen && drawn.holdout_share < 1;
    return isBaseline ? drawn : withWaits(drawn, waitsOfToday(learnable, served.waits, said));
  };
}

function chosen(playbooks: readonly Playbook[], served: Served): ChosenOrder {
  const { order, arm, propensity, holdout_share, predicted, version } = served;
  // What was frozen is the author's list: another list begins learning anew.
  const frozen = order.length === playbooks.length && order.every((id, place) => id === playbooks[place]?.id);
  return { playbooks: named(playbooks, order), arm, propensity, holdout_share, frozen, predicted, version };
}

function asItBegan(playbooks: readonly Playbook[], said: JsonObject): ChosenOrder {
  const { arm, propensity, order, holdout_share, frozen, predicted, version } = said;
  if (!Array.isArray(order) || typeof arm !== 'string' || typeof propensity !== 'number')
    return authorsOrder(playbooks);
  return {
    playbooks: named(playbooks, order),
    ...{ arm, propensity },
    holdout_share: typeof holdout_share === 'number' ? holdout_share : 1,
    frozen: frozen === true,
    predicted: typeof predicted === 'number' ? predicted : null,
    version: typeof version === 'number' ? version : null,
  };
}

/** What a log names is run only where the author lists it, too. */
function named(playbooks: readonly Playbook[], order: readonly unknown[]): Playbook[] {
  return [...new Set(order)].flatMap((id) => playbooks.find((playbook) => playbook.id === id) ?? []);
}

function withWaits(order: ChosenOrder, waits: Readonly<Record<string, number>>): ChosenOrder {
  const playbooks = order.playbooks.map((playbook) => {
    const { id, verify } = playbook;
    const within_s = Object.hasOwn(waits, id) ? waits[id] : undefined;
    return within_s === undefined ? playbook : { ...playbook, verify: { ...verify, within_s } };
  });
  return { ...order, playbooks };
}
