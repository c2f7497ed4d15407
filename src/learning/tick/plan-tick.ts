import { ACTION } from '../../core/records/audit-actions.js';
import { outcomeEntry, outcomeOf } from '../outcome/outcome-of.js';
import { LEARNING_RULES } from '../state/rules.js';
import { stateHash } from '../state/state-hash.js';
import { adviceWishes } from './advice.js';
import { settleArms, settleOptedOut } from './arms.js';
import { TickDraft } from './draft.js';
import type { LearnableCheck, TickFacts, TickPlan, TickSummary } from './facts.js';
import { News } from './news.js';
import { decideOrder } from './orders.js';
import { settleProposals } from './proposals.js';
import { rollBackHarm, rollBackSurprises } from './roll-back.js';
import { settleCheck } from './settle.js';
import { mendedTasks, tickTask } from './tick-tasks.js';
import { decideWaits } from './wait-changes.js';
import type { Wish } from './wish.js';

/** So many episodes are learned from at a time: the writer holds the lock for so long. */
export const MOST_EPISODES = 200;

/** With more of them an entry would not fit into a line of the log. */
const MOST_PLAYBOOKS = 64;

/**
 * What a tick has to write. It plans from what stands and not from what was done last: where a tick was cut off, the next
 * one does the rest, and where there is nothing to do, nothing is written.
 */
export function planTick(facts: TickFacts): TickPlan {
  const draft = new TickDraft(facts);
  if (facts.governance.mode === 'off') return planned(draft, { outcomes: 0, left_out: 0, more: false });
  const news = new News(facts.since);
  for (const entry of mendedTasks(facts)) draft.add(entry);
  const learned = learn(draft, news);
  rollBackHarm(draft, news);
  const wishes = facts.checks.flatMap((check) => decideCheck(draft, check, news));
  settleProposals(draft, [...wishes, ...adviceWishes(facts)]);
  return planned(draft, learned);
}

type Learned = Pick<TickSummary, 'outcomes' | 'left_out' | 'more'>;

function learn(draft: TickDraft, news: News): Learned {
  const { episodes, now } = draft.facts;
  let [outcomes, left_out] = [0, 0];
  for (const episode of episodes) {
    const outcome = outcomeOf(episode, now);
    if (outcome === undefined) continue;
    if (outcomes === MOST_EPISODES) return { outcomes, left_out, more: true };
    draft.add(outcomeEntry(outcome, episode.opening.subject, now));
    news.learned(outcome);
    outcomes += 1;
    const { counts } = outcome;
    if (!counts.order && !counts.waits && !counts.effect) left_out += 1;
  }
  return { outcomes, left_out, more: false };
}

function decideCheck(draft: TickDraft, check: LearnableCheck, news: News): Wish[] {
  if (check.playbooks.length > MOST_PLAYBOOKS) return [];
  if (!check.learn) {
    settleOptedOut(draft, check);
    return [];
  }
  settleCheck(draft, check);
  rollBackSurprises(draft, check);
  const orders = check.playbooks.length < 2 ? [] : decideOrder(draft, check);
  const waits = decideWaits(draft, check, news);
  settleArms(draft, check, news);
  return [...orders, ...waits];
}

/** The tick itself is a task, and says at its end what came of it. */
function planned(draft: TickDraft, { outcomes, left_out, more }: Learned): TickPlan {
  const { facts, said } = draft;
  const summary = { outcomes, left_out, more, ...said };
  if (draft.entries.length === 0) return { entries: [], state: draft.state, summary };
  const [applied, proposed, rolled_back] = [said.applied, said.proposed, said.rolled_back].map(({ length }) => length);
  const { mode, holdout, config_version } = facts.governance;
  draft.write(
    ACTION.learningTick,
    'learning',
    { outcomes, left_out, applied: applied ?? 0, proposed: proposed ?? 0, rolled_back: rolled_back ?? 0 },
    {
      prefix: { lines: facts.lines },
      rules: LEARNING_RULES,
      state: stateHash(draft.state),
      mode,
      holdout,
      config_version,
    },
  );
  const entries = [tickTask('task_registered', facts), ...draft.entries, tickTask('task_completed', facts)];
  return { entries, state: draft.state, summary };
}
