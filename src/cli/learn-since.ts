import type { VersionStory } from '../learning/governance/chronicle.js';
import type { Since } from '../learning/governance/evidence-of.js';
import type { NumbersBehind } from '../learning/governance/numbers-behind.js';
import { figure, many } from './learn-words.js';
import { formatSeconds } from './output/time.js';

/** What was observed under a version, beside what had been expected of it. */
export function sinceSentences(version: VersionStory, since: Since, behind: NumbersBehind): string[] {
  const { incidents, served, holdout, recovered, mean_s, median_s, relapsed, escalated, first, waits } = since;
  if (incidents === 0) return ['No incident that began under it has been learned from yet.'];
  const others = holdout === 0 ? '' : `, ${holdout} in the first order, for comparison`;
  const sentences =
    version.playbook === null
      ? [`${many(incidents, 'incident')} learned from: ${served} in this order${others}.`]
      : [`${many(incidents, 'incident')} learned from${others}.`];
  if (waits !== null) {
    sentences.push(
      waits.n === 0
        ? `It was never waited after ${version.playbook}.`
        : `After ${version.playbook} it was waited ${many(waits.n, 'time')} and given up ${many(waits.given_up, 'time')}; healthy after ${formatSeconds(waits.median_s)} (median).`,
    );
  }
  if (served === 0) return sentences;
  const expected = behind.kind === 'order' && behind.candidate_s !== null ? behind.candidate_s : null;
  const beside = expected === null ? '' : `; ${formatSeconds(expected)} had been expected, persons included`;
  sentences.push(
    recovered === 0
      ? `None of ${served} recovered without a person${beside}.`
      : `${recovered} of ${served} recovered: median ${formatSeconds(median_s)}, mean ${formatSeconds(mean_s)}${beside}.`,
  );
  if (first.n > 0) {
    sentences.push(
      `The first playbook worked in ${first.worked} of ${first.n}; ${figure(first.predicted)} had been predicted.`,
    );
  }
  sentences.push(`Relapsed: ${relapsed} of ${served}. A person was asked for: ${escalated} of ${served}.`);
  return sentences;
}
