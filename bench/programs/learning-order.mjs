// learning-order POLICY WORLDS INCIDENTS OPTIONS: lets a policy learn in so many worlds; OPTIONS in JSON: { sharedCauses,
// targets, setting }. Prints of each world the expected seconds of all incidents ÷ the least possible, and along the way
// what is to be expected of the next incident:
// of this policy and of the author's order, both ÷ the least possible.
import { seededRandom } from '../../src/learning/order/random.ts';
import { POLICIES } from '../support/learning-policies.mjs';
import { triedIn, trueTtr, worldOf } from '../support/learning-worlds.mjs';

const EVERY = 2;
const [name = 'author', worlds = '20', incidents = '800', options = '{}'] = process.argv.slice(2);
const { sharedCauses = false, targets = 1, setting = {} } = JSON.parse(options);
const policy = POLICIES[name](setting);
const lives = Array.from({ length: Number(worlds) }, (_, seed) =>
  livedIn(worldOf(`${seed}`, { incidents: Number(incidents), sharedCauses, targets }), `${seed}`),
);
console.log(JSON.stringify({ every: EVERY, lives }));

function livedIn(world, seed) {
  const random = seededRandom(`policy ${seed}`);
  policy.begins?.(world, seed);
  const learners = new Map(world.modes.map((mode) => [mode, policy(mode, random, `${seed} ${mode.name}`)]));
  let spent = 0;
  let least = 0;
  const curve = [];
  world.happening.forEach((incident, at) => {
    const { mode, truth } = incident;
    if (at % EVERY === 0) curve.push(expectedNext(world, learners, truth));
    const learner = learners.get(mode);
    least += mode.truths[truth].best.ttr_s;
    const handle = (order) => {
      spent += trueTtr(mode.truths[truth], order);
      return triedIn(incident, order);
    };
    if (learner.live) learner.live(handle);
    else learner.learn(incident, handle(learner.serve(incident)));
  });
  return { ratio: spent / least, curve };
}

/** Expected seconds of the next incident, in whichever mode it is. */
function expectedNext(world, learners, truth) {
  const sums = { policy: 0, author: 0, least: 0 };
  for (const mode of world.modes) {
    const truly = mode.truths[truth];
    for (let t = 0; t < targets; t++) {
      const arms = learners.get(mode).arms(truth, `target-${t}`);
      const served = arms.filter(([chance]) => chance > 0);
      sums.policy += (mode.share / targets) * served.reduce((sum, [p, order]) => sum + p * trueTtr(truly, order), 0);
    }
    sums.author +=
      mode.share *
      trueTtr(
        truly,
        mode.playbooks.map(({ id }) => id),
      );
    sums.least += mode.share * truly.best.ttr_s;
  }
  return [sums.policy / sums.least, sums.author / sums.least].map((ratio) => Number(ratio.toFixed(5)));
}
