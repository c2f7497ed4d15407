import { type Chronicle, inForce, type VersionStory } from './chronicle.js';
import { type Decision, type DecisionFacts, refused } from './decision.js';
import { sinceVersion } from './evidence-of.js';
import { settingWords } from './setting-words.js';
import { taskEntry } from './version-task.js';
import { whyMoved, whyNotServed, whyUnsettled } from './why-stale.js';
import { writeVersion } from './write-version.js';

/**
 * Puts back what a version has replaced, by a person's word. From then on changes to that check need a person, until one
 * has approved an order there.
 */
export function rollbackVersion(id: string, facts: DecisionFacts): Decision {
  const { chronicle, today, state, arms, by } = facts;
  const version = chronicle.versions.find((one) => one.id === id);
  if (version === undefined) return refused(`no version is named ${id}`);
  const { check, playbook, from, to } = version;
  const back = { check, playbook, from: to, to: from };
  const why =
    whyNotInForce(chronicle, version) ??
    whyNotServed(back, today, state) ??
    whyUnsettled(today, state, arms) ??
    whyMoved(back, today, state);
  if (why !== undefined) return refused(why);
  const { incidents, served, recovered, mean_s, median_s, relapsed, escalated } = sinceVersion(chronicle, version);
  const entries = writeVersion(
    {
      ...{ ...back, kind: 'rollback', proposal: null, rolls_back: id, seed: null },
      numbers: { incidents, served, recovered, mean_s, median_s, relapsed, escalated },
    },
    facts,
  );
  const next = `v${chronicle.next.version}`;
  const title = `${next}: ${check} goes back to ${settingWords(from)}, as before ${id}`.slice(0, MOST_TITLE);
  const task = [taskEntry('task_registered', next, by, title), ...entries, taskEntry('task_completed', next, by)];
  return { ok: true, entries: task, version: next };
}

/** Characters. */
const MOST_TITLE = 200;

function whyNotInForce(chronicle: Chronicle, { id, check, playbook, fate }: VersionStory): string | undefined {
  if (fate.now === 'in_force') return undefined;
  const what = playbook === null ? `the order of ${check}` : `the wait after ${playbook} for ${check}`;
  const now = inForce(chronicle, check, playbook);
  const holds = now === undefined ? 'what grace.yaml says' : now.id;
  return `${id} is not in force: ${what} is ${holds} now`;
}
