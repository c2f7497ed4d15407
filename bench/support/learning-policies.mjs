// Policies that order remedies. Each is a function of a mode of a world that answers how one learner of that mode serves
// and learns. `ours` and `throughTicks` are grace's; the others are
// there to be compared with.
import { drawArm } from '../../src/learning/order/arm.ts';
import { beliefsOf } from '../../src/learning/order/beliefs.ts';
import { drawBeta } from '../../src/learning/order/beta.ts';
import { candidateOf } from '../../src/learning/order/candidate.ts';
import { NOTHING_SEEN, observe } from '../../src/learning/order/observe.ts';
import { shouldPromote } from '../../src/learning/order/promotion.ts';
import { ORDER_SETTING } from '../../src/learning/order/setting.ts';
import { learningHost } from './learning-host.mjs';

const idsOf = (mode) => mode.playbooks.map(({ id }) => id);

/** The author's order, for ever. */
const author = (mode) => {
  const order = idsOf(mode);
  return { serve: () => order, learn: () => {}, arms: () => [[1, order]] };
};

/** Knows what is true. */
const clairvoyant = (mode) => ({
  serve: (incident) => mode.truths[incident.truth].best.order,
  learn: () => {},
  arms: (truth) => [[1, mode.truths[truth].best.order]],
});

/** All playbooks by a score; those that score at most `cut` are left out. */
function byScore(mode, random, score, cut = Number.NEGATIVE_INFINITY) {
  const seen = Object.fromEntries(mode.playbooks.map(({ id }) => [id, { s: 0, f: 0, worked_s: 0, failed_s: 0 }]));
  let n = 0;
  const order = () =>
    mode.playbooks
      .map((playbook) => ({ id: playbook.id, score: score(seen[playbook.id], playbook, n, random) }))
      .filter((one) => one.score > cut)
      .sort((one, other) => other.score - one.score)
      .map(({ id }) => id);
  return {
    serve: order,
    learn: (_incident, tried) => {
      n += 1;
      for (const { playbook, worked, seconds } of tried) {
        seen[playbook][worked ? 's' : 'f'] += 1;
        seen[playbook][worked ? 'worked_s' : 'failed_s'] += seconds;
      }
    },
    arms: () => Array.from({ length: 4 }, () => [0.25, order()]),
  };
}

const thompsonOnSuccess = (mode, random) => byScore(mode, random, ({ s, f }) => drawBeta(s + 1, f + 1, random));

const ucb1 = (mode, random) =>
  byScore(mode, random, ({ s, f }, _playbook, n) =>
    s + f === 0 ? 2 + random() : s / (s + f) + Math.sqrt((2 * Math.log(n)) / (s + f)),
  );

const thompsonOnIndex = (mode, random) =>
  byScore(
    mode,
    random,
    ({ s, f, worked_s, failed_s }, { declared_s }) => {
      const p = drawBeta(s + 1, f + 1, random);
      const a = (declared_s + worked_s) / (1 + s);
      const b = (declared_s + 60 + failed_s) / (1 + f);
      return p / (p * a + (1 - p) * b);
    },
    1 / 1800,
  );

/** grace's own: the functions of src/learning/order, as a tick and a decision use them. */
const ours =
  ({ holdout = 0, drops = true, ...changes } = {}) =>
  (mode, random, seed) => {
    const setting = { ...ORDER_SETTING, ...changes };
    const first = idsOf(mode);
    const lanes = new Map();
    let state = NOTHING_SEEN;
    const laneOf = (target) => {
      if (!lanes.has(target)) {
        lanes.set(target, { incumbent: first, incidents: 0, candidate: candidateNow(target).candidate });
      }
      return lanes.get(target);
    };
    const candidateNow = (target) => {
      const beliefs = beliefsOf(state, target, mode.playbooks, setting);
      const { order, cut } = candidateOf(beliefs, setting);
      return { beliefs, candidate: (drops ? order : [...order, ...cut]).map(({ id }) => id) };
    };
    const armsOf = ({ incumbent, candidate }) => ({
      first,
      incumbent,
      candidate,
      holdout,
      mayBeRandomised: () => true,
    });
    return {
      serve: ({ target }) => drawArm(armsOf(laneOf(target)), random, setting).order,
      learn: ({ target }, tried) => {
        laneOf(target);
        state = observe(state, { target, tried }, setting.keep);
        const lane = laneOf(target);
        const { beliefs, candidate } = candidateNow(target);
        const incidents = lane.incidents + 1;
        const contest = {
          beliefs,
          candidate,
          incumbent: lane.incumbent,
          incidents,
          seed: `${seed} ${state.incidents}`,
        };
        const promoted = shouldPromote(contest, setting).promote;
        lanes.set(
          target,
          promoted ? { incumbent: candidate, incidents: 0, candidate } : { ...lane, incidents, candidate },
        );
      },
      arms: (_truth, target) => {
        const lane = laneOf(target);
        const differs = lane.candidate.join() !== lane.incumbent.join();
        const explored = differs ? (1 - holdout) * setting.explore : 0;
        return [
          [holdout, first],
          [explored, lane.candidate],
          [1 - holdout - explored, lane.incumbent],
        ];
      },
    };
  };

/** grace itself: all modes of a world are checks of one host, which draws and ticks as grace does. */
const throughTicks = ({ holdout = 0 } = {}) => {
  let host;
  return Object.assign(
    (mode) => {
      const first = idsOf(mode);
      return {
        serve: () => {
          throw new Error('the host draws');
        },
        learn: () => {},
        live: (handle) => host.tick([host.fails(mode.name, handle)]),
        arms: () => {
          const { incumbent = first, candidate = first } = host.arms(mode.name) ?? {};
          const differs = candidate.join() !== incumbent.join();
          const explored = differs ? (1 - holdout) * ORDER_SETTING.explore : 0;
          return [
            [holdout, first],
            [explored, candidate],
            [1 - holdout - explored, incumbent],
          ];
        },
      };
    },
    {
      begins: (world, seed) => {
        const may = { allowed: true, rule: 'built in' };
        const governance = { mode: 'apply', holdout, config_version: 'c', may: { reorder: may, wait: may } };
        host = learningHost(world.modes.map(checkOf), governance, seed);
      },
    },
  );
};

const checkOf = ({ name, playbooks }) => ({
  ...{ name, target: name, mode: name, learn: true },
  playbooks: playbooks.map(({ id, declared_s }) => ({
    ...{ id, declared_s, risk: 'low', may_randomise: true, within_s: 30, bounds: null },
  })),
});

/** By name, made for a setting: that of `ours` may differ from grace's own. */
export const POLICIES = {
  author: () => author,
  clairvoyant: () => clairvoyant,
  ucb1: () => ucb1,
  thompsonOnSuccess: () => thompsonOnSuccess,
  thompsonOnIndex: () => thompsonOnIndex,
  ours,
  throughTicks,
};
