import { isJsonObject } from '../../core/records/json.js';
import { readClock } from '../../core/records/moment.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { chooseOrder, readArms, type Served } from '../serving/choose-order.js';
import { seedOf } from '../serving/seed-of.js';
import type { LearningMode } from '../tick/facts.js';
import type { Difference } from './deviation.js';
import { broken, differences } from './differences.js';
import { type LoggedDraw, readDraw } from './logged-draw.js';
import { holdoutOf } from './possible-orders.js';

/** Probabilities are logged with 9 digits. */
const CLOSE = 1e-8;

/**
 * The draw of an opening, once more: by its seed, from the arms that stood. What grace.yaml said at that moment is not in the
 * log; so the draw is made with each mode, each share for the holdout and each leave to randomise with which it can
 * have been made, and one of them must give all that was logged. `undefined`: that cannot be
 * done.
 */
export function checkDraw(
  opening: ControlEntry,
  standing: ControlEntry | undefined,
): readonly Difference[] | undefined {
  const { decision, metadata } = opening;
  const logged = readDraw(decision);
  // Nothing is drawn with no chance, or with more than certainty.
  if (logged === 'impossible') return [broken('decision.propensity', decision.propensity, 'a probability above 0')];
  if (logged === undefined || !isJsonObject(metadata.onset)) return undefined;
  const frozen = readArms(standing?.decision)?.first ?? logged.order;
  const isFrozen = isSameOrder(logged.order, frozen);
  if (logged.arm !== 'author' && decision.frozen !== isFrozen) {
    return differences(decision, { frozen: isFrozen }, 'decision.');
  }
  const all: Served[] = [];
  for (const served of attempts(logged, String(metadata.check), metadata.onset, standing)) {
    if (agrees(opening, logged, served)) return [];
    all.push(served);
  }
  const nearest = all.find(({ arm }) => arm === logged.arm) ?? all[0];
  const stood = standing === undefined ? 'no arms stood' : `the arms of line ${standing.line} stood`;
  if (nearest === undefined) return [broken('decision.arm', logged.arm, stood)];
  const { order, arm, propensity, holdout_share, predicted, version } = nearest;
  const found = differences(decision, { arm, order, propensity, holdout_share, predicted, version }, 'decision.');
  return found.map((one) => ({ ...one, follows: `${one.follows}: ${stood}` }));
}

function agrees({ decision }: ControlEntry, logged: LoggedDraw, served: Served): boolean {
  return (
    served.arm === logged.arm &&
    isSameOrder(served.order, logged.order) &&
    Math.abs(served.propensity - logged.propensity) <= CLOSE &&
    Math.abs(served.holdout_share - logged.holdout_share) <= CLOSE &&
    served.predicted === decision.predicted &&
    served.version === decision.version
  );
}

/** One by one: nearly always the first is it. */
function* attempts(
  logged: LoggedDraw,
  check: string,
  onset: unknown,
  standing: ControlEntry | undefined,
): Generator<Served> {
  const { at, ...clock } = isJsonObject(onset) ? onset : {};
  const seed = seedOf(check, { ...readClock({ clock }), at: typeof at === 'string' ? at : '' });
  const arms = readArms(standing?.decision);
  const make = (mode: LearningMode, holdout: number, mayBeRandomised: (id: string) => boolean) =>
    chooseOrder({
      ...{ standing: standing?.decision, mode, learn: true, holdout, mayBeRandomised, seed },
      listed: mode === 'off' ? logged.order : (arms?.first ?? logged.order),
    });
  const shares = [ORDER_SETTING.explore, 0].flatMap((explore) => holdoutOf(logged, explore) ?? []);
  if (logged.arm === 'author') yield make('off', 0, () => true);
  yield make('propose', 0, () => true);
  for (const share of [arms?.holdout ?? 0, ...shares.map((one) => Math.max(0, one))]) {
    for (const leave of leaves(standing)) yield make('apply', share, leave);
  }
}

/** As the configuration had it when the arms were written, or another one since. */
function leaves(standing: ControlEntry | undefined): ((id: string) => boolean)[] {
  const said = standing?.metadata.playbooks;
  const playbooks = Array.isArray(said) ? said.filter(isJsonObject) : [];
  const may = new Set(playbooks.filter((one) => one.may_randomise === true).map(({ id }) => id));
  return [(id) => may.has(id), () => true, () => false];
}
