import { timed } from './support/command.mjs';
import { result } from './support/table.mjs';

const SEEDS = 200;
const SEED = 1;

/** Of what is promised something: one in five remedies is in vain, the next step costs ten typical recoveries, one peak. */
const PROMISED = ({ shape, in_vain, next_step }) =>
  in_vain === 0.2 && next_step === 10 && !shape.includes('cold starts');

/** What waits cost after recoveries began to take twice as long, beside the best wait there is. */
export async function bench({ programs }) {
  const run = timed(process.execPath, [programs['learning-waits'], `${SEEDS}`, `${SEED}`]);
  const answers = JSON.parse(run.stdout);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return answers
    .filter(({ way }) => way === 'learned')
    .flatMap((answer) => {
      const { shape, in_vain, next_step } = answer;
      const world = `${shape}, ${percent(in_vain)} in vain, next step ${next_step}×`;
      const others = answers.filter((o) => o.shape === shape && o.in_vain === in_vain && o.next_step === next_step);
      const cost = (name) => others.find(({ way }) => way === name).cost.toFixed(2);
      const medians = [
        `given up too early ${percent(answer.given_up)}, by the best wait ${percent(answer.best_given_up)}`,
        `wait ${answer.wait_s.toFixed(0)} s, best ${answer.best_s.toFixed(0)} s`,
        `p99 ${cost('p99')}×, fixed ${cost('fixed')}×`,
      ].join('; ');
      if (!PROMISED(answer)) return [result(`waits: ${world}`, answer.cost, { medians })];
      // Where the best wait itself gives up more, giving up is right.
      const most = answer.best_given_up <= 0.07 ? { atMost: 7 } : {};
      return [
        result(`waits: ${world}`, answer.cost, { atMost: 1.05, medians: `${medians}; ${SEEDS} seeds` }),
        result('waits: given up too early there', 100 * answer.given_up, { ...most, unit: '%', digits: 1 }),
      ];
    });
}
