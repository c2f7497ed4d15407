import { ORDER_SETTING } from '../learning/order/setting.js';
import { FEWEST_EFFECTIVE } from '../learning/replay/order-estimate.js';
import type { VerifiedReplay } from '../learning/replay/verify-replay.js';
import type { WhatIfAnswer } from '../learning/replay/what-if.js';
import { many, settingText } from './learn-words.js';
import { formatSeconds } from './output/time.js';

/** Deviations that are shown to a person: the first is nearly always the reason for the others. */
const MOST_SHOWN = 50;

type OrderAnswer = Extract<WhatIfAnswer, { kind: 'order' }>;
type GammaAnswer = Extract<WhatIfAnswer, { kind: 'gamma' }>;

/** Whether it could be answered: of orders nothing is said from too few incidents, of checks nothing where none is known. */
export function isAnswered(answer: WhatIfAnswer): boolean {
  return answer.kind === 'order' ? answer.asked !== null : answer.checks.length > 0;
}

export function verifiedLines(verified: VerifiedReplay): string[] {
  const { state, outcomes, versions, line, deviations, deviating, draws, draws_unclear, ticks, proposals } = verified;
  const shown = deviations
    .slice(0, MOST_SHOWN)
    .flatMap((one) => [
      `line ${one.line}, ${one.entry_id}: ${one.action} of ${one.subject}, ${one.field}`,
      `  says          ${one.says}`,
      `  what follows  ${one.follows}`,
    ]);
  const more = deviating - Math.min(deviations.length, MOST_SHOWN);
  const unclear =
    draws_unclear === 0 ? '' : `; ${many(draws_unclear, 'episode')} began without one that can be repeated`;
  const of = `${many(outcomes, 'outcome')}, ${many(versions, 'version')}, ${many(proposals, 'proposal')}`;
  return [
    ...shown,
    ...(more > 0 ? [`and ${many(more, 'more deviation')}`] : []),
    deviating === 0
      ? `The logs alone give the same: ${of}, ${many(ticks, 'tick')}, ${many(draws, 'draw')}${unclear}.`
      : `${many(deviating, 'deviation')}: the logs do not give what was written down.`,
    `state sha256:${state} over ${many(outcomes, 'outcome')}, ${many(versions, 'version')}, as of line ${line}`,
  ];
}

export function whatIfLines(answer: WhatIfAnswer): string[] {
  return answer.kind === 'order' ? orderLines(answer) : gammaLines(answer);
}

function orderLines({
  check,
  order,
  incidents,
  unclear,
  possible,
  seen,
  effective,
  served_s,
  asked,
}: OrderAnswer): string[] {
  const of = `${check} in the order ${settingText(order)}`;
  const known = `${possible} of ${many(incidents, 'incident')} might have been handled so, and ${seen} show what it would have done`;
  const lost = unclear === 0 ? [] : [`Of ${unclear} more it does not follow from the log how their order was drawn.`];
  if (asked === null) {
    const why =
      possible === 0 ? 'it was never served, so nothing is known of it' : 'that is too little to say anything';
    return [
      `${of}: ${why}.`,
      `  ${known}; they say as much as ${plain(effective)} drawn evenly, and at least ${FEWEST_EFFECTIVE} are needed.`,
      ...lost.map((text) => `  ${text}`),
    ];
  }
  return [
    `${of}: recovers in ${formatSeconds(asked.mean)} on average (95 %: ${formatSeconds(asked.low)} to ${formatSeconds(asked.high)}).`,
    `  As they were served, the same incidents took ${formatSeconds(served_s)} on average.`,
    `  ${known}, weighed by the probability of what was served; they say as much as ${plain(effective)} drawn evenly.`,
    `  Where it relapsed, or a person had to come, ${formatSeconds(ORDER_SETTING.person_s)} for the person are added.`,
    ...lost.map((text) => `  ${text}`),
  ];
}

function gammaLines({ keep, outcomes, ticks, checks }: GammaAnswer): string[] {
  if (checks.length === 0) return [`gamma ${keep}: nothing was learned of any such check.`];
  return [
    `gamma ${keep}, over ${many(outcomes, 'outcome')} and ${many(ticks, 'tick')}:`,
    ...checks.flatMap((one) => [
      `  ${one.check} would try ${settingText(one.candidate)}`,
      `    expected ${formatSeconds(one.candidate_s)} by what would be believed, ${formatSeconds(one.today_s)} by what is believed today;` +
        ` today's order, ${settingText(one.incumbent)}: ${formatSeconds(one.incumbent_s)}`,
      `    its order would have been changed ${times(one.promotions)}; it was changed ${times(one.promoted)}`,
    ]),
    'This replays decisions, not the world: the outcomes are those of the orders that were served.',
  ];
}

const times = (n: number) => (n === 1 ? 'once' : `${n} times`);
const plain = (n: number) => String(Number(n.toFixed(1)));

/** `grace.learn_replay/1`: nothing of the run itself, so that it is the same wherever the logs are. */
export function replayJson(verified: VerifiedReplay | undefined, answers: readonly WhatIfAnswer[]) {
  return {
    schema: 'grace.learn_replay/1',
    verified:
      verified === undefined
        ? null
        : {
            agrees: verified.deviating === 0,
            ...{ state: `sha256:${verified.state}`, line: verified.line },
            ...{ outcomes: verified.outcomes, versions: verified.versions, proposals: verified.proposals },
            ...{ ticks: verified.ticks, draws: verified.draws, draws_unclear: verified.draws_unclear },
            ...{ deviating: verified.deviating, deviations: verified.deviations },
          },
    what_if: answers.map((answer) => ({ ...answer, answered: isAnswered(answer) })),
  };
}
