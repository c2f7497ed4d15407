// learning-waits SEEDS SEED: waits chosen while recoveries take twice as long from half way on. Prints, for each kind of
// world and each way to choose, the cost after the change ÷ the best possible, and how often it gave up too early.
import { chooseWait, NO_WAITS, observeWait } from '../../src/learning/waits/waits.ts';
import { runWaits, SHAPES } from './learning-waits-worlds.ts';

const [seeds = 200, seed = 1] = process.argv.slice(2).map(Number);
const TYPICAL_S = 20;
const INCIDENTS = 800;
/** The author's: the default wait and its bounds. */
const AUTHOR = { wait_s: 60, min_s: 5, max_s: 600 };

/** The real functions: a wait is chosen after every incident, as a tick after each would. */
function learned(next_step_s) {
  let state = NO_WAITS;
  let { wait_s } = AUTHOR;
  return {
    wait_s: () => wait_s,
    observe: (seconds, healthy) => {
      state = observeWait(state, { seconds, healthy });
      wait_s = chooseWait(state, { ...AUTHOR, wait_s, next_step_s }).wait_s;
    },
  };
}

/** The reference that the design warns of: the 99th percentile of the last 80 recoveries that were seen. */
function plainP99() {
  let { wait_s } = AUTHOR;
  let seen = [];
  return {
    wait_s: () => wait_s,
    observe: (seconds, healthy) => {
      if (healthy) seen = [...seen, seconds].slice(-80);
      const sorted = seen.toSorted((a, b) => a - b);
      if (sorted.length >= 10) wait_s = Math.min(AUTHOR.max_s, sorted[Math.ceil(sorted.length * 0.99) - 1]);
    },
  };
}

const fixed = () => ({ wait_s: () => AUTHOR.wait_s, observe: () => undefined });

const answers = [];
for (const [shape, draw] of Object.entries(SHAPES)) {
  for (const in_vain of [0, 0.1, 0.2, 0.3]) {
    for (const next_step of [10, 30]) {
      const setting = { shape: draw, typical_s: TYPICAL_S, in_vain, next_step, slower: 2, incidents: INCIDENTS };
      for (const [way, wayOf] of Object.entries({ learned, p99: plainP99, fixed })) {
        const runs = Array.from({ length: seeds }, (_, i) => runWaits(setting, seed * 1_000_000 + i, wayOf));
        const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
        answers.push({
          ...{ shape, in_vain, next_step, way },
          cost: sum('cost_s') / sum('best_cost_s'),
          given_up: sum('given_up') / sum('recoverable'),
          best_given_up: sum('best_given_up') / sum('recoverable'),
          wait_s: sum('last_wait_s') / seeds,
          best_s: sum('best_wait_s') / seeds,
        });
      }
    }
  }
}
console.log(JSON.stringify(answers));
