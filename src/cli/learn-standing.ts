import { ACTION } from '../core/records/audit-actions.js';
import type { ControlView } from '../core/registry/queries/control.js';
import { drawArm } from '../learning/order/arm.js';
import { isSameOrder } from '../learning/order/promotion.js';
import { ORDER_SETTING } from '../learning/order/setting.js';
import { chooseOrder, readArms } from '../learning/serving/choose-order.js';
import { waitsOfToday } from '../learning/serving/waits-of-today.js';
import { checkState } from '../learning/state/check-state.js';
import type { LearnState } from '../learning/state/learn-state.js';
import type { Governance, LearnableCheck } from '../learning/tick/facts.js';

/** How a check is healed today, as far as learning has a say in it. */
export interface Standing {
  readonly check: string;
  /** Its author lets it be learned from. */
  readonly learn: boolean;
  readonly authors: readonly string[];
  /** Served where nothing is tried and nothing is held out. */
  readonly in_force: readonly string[];
  /** `null`: nothing is. Of all incidents, 0–1. */
  readonly tried: { readonly order: readonly string[]; readonly probability: number } | null;
  /** Share of incidents that are handled in the author's order to compare with, 0–1. */
  readonly holdout: number;
  /** Of the order in force; `null`: the author's. */
  readonly version: number | null;
  readonly outcomes: number;
  readonly waits: readonly { readonly playbook: string; readonly authors_s: number; readonly learned_s: number }[];
  /** Rolled back for harm: changes need a person. */
  readonly held: boolean;
}

/** In the order of the configuration. */
export function standingOf(
  view: ControlView,
  state: LearnState,
  checks: readonly LearnableCheck[],
  governance: Governance,
): Standing[] {
  return checks.map((check) => standing(view, state, check, governance));
}

function standing(
  view: ControlView,
  state: LearnState,
  { name, learn, playbooks }: LearnableCheck,
  { mode, holdout }: Governance,
): Standing {
  const known = checkState(state, name);
  const entry = view.lastControl(ACTION.learningArms, name);
  const arms = readArms(entry?.decision);
  const listed = playbooks.map(({ id }) => id);
  const mayBeRandomised = (id: string) => playbooks.some((one) => one.id === id && one.may_randomise);
  // With nothing to draw it is what stands; the very function that the engine asks.
  const served = chooseOrder({
    ...{ listed, mode, learn, holdout: 0, mayBeRandomised, seed: '' },
    standing: arms && { ...arms, candidate: arms.incumbent },
  });
  const waits = waitsOfToday({ playbooks }, served.waits, entry?.metadata.playbooks);
  const isDrawn = mode === 'apply' && learn && arms !== undefined && isSameOrder(arms.first, listed);
  const drawn = isDrawn
    ? drawnShares(arms, Math.min(arms.holdout, holdout), mayBeRandomised)
    : { holdout: 0, tried: 0 };
  const candidate = arms?.candidate ?? known?.candidate ?? listed;
  return {
    ...{ check: name, learn, authors: listed, in_force: served.order, version: served.version },
    tried: drawn.tried > 0 ? { order: candidate, probability: drawn.tried } : null,
    // Where both are the same there is nothing that is held out.
    holdout: isSameOrder(served.order, listed) ? 0 : drawn.holdout,
    outcomes: known?.outcomes ?? 0,
    waits: playbooks.flatMap(({ id, within_s }) => {
      const learned_s = Object.hasOwn(waits, id) ? waits[id] : undefined;
      return learned_s === undefined || learned_s === within_s
        ? []
        : [{ playbook: id, authors_s: within_s, learned_s }];
    }),
    held: known?.held ?? false,
  };
}

/** With which probability each arm is drawn: a draw tells it. */
function drawnShares(
  { first, incumbent, candidate }: NonNullable<ReturnType<typeof readArms>>,
  holdout: number,
  mayBeRandomised: (id: string) => boolean,
) {
  const at = (u: number) => drawArm({ first, incumbent, candidate, holdout, mayBeRandomised }, () => u, ORDER_SETTING);
  const least = at(0);
  const held = least.arm === 'holdout' ? least.propensity : 0;
  const next = at(held);
  return { holdout: held, tried: next.arm === 'candidate' ? next.propensity : 0 };
}
