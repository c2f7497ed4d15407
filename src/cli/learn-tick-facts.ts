import { ACTION } from '../core/records/audit-actions.js';
import type { Now } from '../core/records/moment.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import type { LearnerTask } from '../core/registry/queries/learning-tasks.js';
import type { LearnState } from '../learning/state/learn-state.js';
import type { DetectionAdvice, TickFacts } from '../learning/tick/facts.js';

/** Rejections that are remembered. */
const MOST_REJECTED = 200;
/** Entries after the last tick: more than a tick that was cut off has left, and people have decided. */
const MOST_SINCE = 5000;

export interface FactSources extends Pick<TickFacts, 'checks' | 'governance' | 'tick_id' | 'episodes' | 'state'> {
  readonly view: ControlView;
  readonly now: Now;
  /** Advice of today; `undefined`: what was advised last stands. */
  readonly advice: readonly DetectionAdvice[] | undefined;
  /** The learner's tasks that have not ended, and these. Asked last. */
  readonly tasks: (ids: readonly string[]) => readonly LearnerTask[];
}

/** Everything a tick decides by, as the log has it at this moment. */
export function tickFacts({ view, tasks, advice, ...given }: FactSources): TickFacts {
  const { state } = given;
  const open = view.openProposals();
  const since = entriesSince(view);
  const versions = since.flatMap(({ action, subject }) => (action === ACTION.configUpdate ? [subject] : []));
  return {
    ...given,
    ...{ open, since, arms: view.standingArms(), advice: advice ?? open.flatMap(adviceBehind) },
    rejected: view.recentControls(ACTION.changeRejected, MOST_REJECTED),
    versions: standingVersions(view, state),
    next: nextNumbers(view, state),
    lines: view.auditLines(),
    tasks: tasks(versions.map((id) => `config_update_${id}`)),
  };
}

function entriesSince(view: ControlView): ControlEntry[] {
  const line = view.recentControls(ACTION.learningTick, 1)[0]?.line ?? 0;
  let since: ControlEntry[] = [];
  for (let after = line; ; ) {
    const page = view.learnerEntries(after, MOST_SINCE);
    since = [...since, ...page].slice(-MOST_SINCE);
    const last = page.at(-1);
    if (last === undefined || page.length < MOST_SINCE) return since;
    after = last.line;
  }
}

function standingVersions(view: ControlView, state: LearnState): ControlEntry[] {
  return Object.values(state.checks).flatMap(({ version }) =>
    version === null ? [] : (view.lastControl(ACTION.configUpdate, `v${version}`) ?? []),
  );
}

/** Versions and proposals are numbered through; where the beginning of the log was put away the numbers go on. */
function nextNumbers(view: ControlView, state: LearnState): TickFacts['next'] {
  const last = (action: string, field: 'version' | 'proposal') => {
    const number = view.recentControls(action, 1)[0]?.decision[field];
    return typeof number === 'number' && Number.isSafeInteger(number) ? number : 0;
  };
  const standing = Object.values(state.checks).map(({ version }) => version ?? 0);
  return {
    version: Math.max(last(ACTION.configUpdate, 'version'), ...standing) + 1,
    proposal: last(ACTION.changeProposed, 'proposal') + 1,
  };
}

/** An open proposal on detection, as the advice that it was. */
function adviceBehind({ decision, metadata }: ControlEntry): DetectionAdvice[] {
  const { kind, check, from, to, why } = decision;
  if (kind !== 'confirm' && kind !== 'threshold') return [];
  if (typeof check !== 'string' || typeof from !== 'string' || typeof to !== 'string') return [];
  const { numbers } = metadata as { numbers?: DetectionAdvice['numbers'] };
  return [{ check, kind, from, to, numbers: numbers ?? {}, why: typeof why === 'string' ? why : '' }];
}
