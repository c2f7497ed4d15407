import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';
import { readOutcome } from '../outcome/read-outcome.js';
import { readArms } from '../serving/choose-order.js';
import { readDraw } from './logged-draw.js';
import { NO_INCIDENTS, type OrderEstimate, type OrderSums, orderEstimate, withIncident } from './order-estimate.js';
import { possibleOrders } from './possible-orders.js';
import { StandingHistory } from './standing-history.js';

export interface OrderReplayed extends OrderEstimate {
  readonly check: string;
  readonly order: readonly string[];
}

/** Gathers, from the learner's entries in their order, what the log says of one order of one check. */
export class OrderReplay {
  readonly #check: string;
  readonly #order: readonly string[];
  readonly #log: Pick<ControlView, 'episodeAt'>;
  readonly #arms: StandingHistory;
  #sums: OrderSums = NO_INCIDENTS;

  constructor(check: string, order: readonly string[], log: Pick<ControlView, 'episodeAt' | 'learnerEntries'>) {
    this.#check = check;
    this.#order = order;
    this.#log = log;
    this.#arms = new StandingHistory(log);
  }

  take(entry: ControlEntry): void {
    if (entry.action === ACTION.learningArms && entry.subject === this.#check) this.#arms.add(entry);
    if (entry.action !== ACTION.outcomeLearned || entry.metadata.check !== this.#check) return;
    const outcome = readOutcome(entry);
    const opening = outcome && this.#log.episodeAt(outcome.opening, entry.line)?.opening;
    if (outcome === undefined || opening === undefined) return;
    const logged = readDraw(opening.decision);
    const standing = readArms(this.#arms.before(this.#check, opening.line)?.decision);
    const possible = logged === 'impossible' ? undefined : logged && possibleOrders(logged, standing);
    this.#sums = withIncident(this.#sums, this.#order, outcome, possible);
  }

  result(): OrderReplayed {
    return { check: this.#check, order: this.#order, ...orderEstimate(this.#sums) };
  }
}
