import { jsonOf } from './support/command.mjs';
import { result } from './support/table.mjs';

const WITHOUT = 1000;
const WITH = 2000;
const SEED = 1;

/** What is promised; the other kinds of world are there to be seen. */
const PROMISE = { atLeast: 82, unit: '%', digits: 1 };
const POWER = { 'halved, learned by grace': PROMISE, 'halved, learned by grace through its ticks': PROMISE };

/** How often the verdict on learning is wrong where there is nothing to learn, and right where there is. */
export async function bench({ programs }) {
  const run = (part) =>
    jsonOf(process.execPath, [programs['learning-effect'], `${WITHOUT}`, `${WITH}`, `${SEED}`, part]);
  const percent = (n, { worlds }) => (100 * n) / worlds;
  const tallies = await Promise.all(['ticks', 'functions'].map(run));
  return tallies.flat().flatMap((tally) => {
    const { kind, worlds, incidents } = tally;
    const seen = `${worlds} worlds of ${incidents} incidents, seeds ${SEED * 1e6} …`;
    const show = (n) => `${percent(n, tally).toFixed(1)} %`;
    const interval = `median ratio ${[tally.ratio, tally.low, tally.high].map((x) => x.toFixed(2)).join(' ')}`;
    if (kind.startsWith('equal')) {
      return [
        result(`PASS ever: ${kind}`, percent(tally.passed, tally), {
          ...{ atMost: 2, unit: '%', digits: 1 },
          medians: `${seen}; FAIL ever ${show(tally.failed)}, mean E ${tally.mean_e.toFixed(2)}`,
        }),
        result(`interval ever without 1: ${kind}`, percent(tally.missed, tally), {
          ...{ atMost: 5, unit: '%', digits: 1 },
          medians: interval,
        }),
      ];
    }
    return result(`PASS at the end: ${kind}`, percent(tally.ended, tally), {
      ...(POWER[kind] ?? { unit: '%', digits: 1 }),
      medians: `${seen}; ever ${show(tally.passed)}, FAIL ever ${show(tally.failed)}; ${interval}; foreseen ${tally.forecast?.toFixed(2) ?? '–'}× of needed`,
    });
  });
}
