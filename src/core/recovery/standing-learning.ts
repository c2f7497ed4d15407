import { ACTION } from '../records/audit-actions.js';
import type { ControlEntry, ControlView } from '../registry/queries/control.js';

/** A person's "no" is remembered so long. */
const MOST_REJECTED = 200;

/**
 * What learning has come to, in an order in which it can be heard anew: the orders of each check, the versions behind them with
 * the holds that they say, what waits for a person, and what one has refused. The newest of each kind, too, since they are
 * numbered through.
 */
export function standingLearning(view: ControlView): ControlEntry[] {
  const arms = view.standingArms();
  const versions = arms.flatMap(({ decision: { version } }) =>
    typeof version === 'number' ? (view.lastControl(ACTION.configUpdate, `v${version}`) ?? []) : [],
  );
  const [newest] = view.recentControls(ACTION.changeProposed, 1);
  const byLine = (entries: readonly ControlEntry[]) =>
    [...new Map(entries.map((one) => [one.line, one])).values()].sort((a, b) => a.line - b.line);
  const changes = byLine([...versions, ...view.recentControls(ACTION.configUpdate, 1)]);
  const proposals = byLine([
    ...view.openProposals(),
    ...(newest === undefined ? [] : [newest, ...decided(view, newest)]),
    ...view.recentControls(ACTION.changeRejected, MOST_REJECTED),
  ]);
  return [...arms, ...changes, ...proposals];
}

/** What has become of it, so that it is not open once more. */
function decided(view: ControlView, { subject }: ControlEntry): ControlEntry[] {
  return [ACTION.changeApproved, ACTION.changeRejected, ACTION.changeWithdrawn].flatMap(
    (action) => view.lastControl(action, subject) ?? [],
  );
}
