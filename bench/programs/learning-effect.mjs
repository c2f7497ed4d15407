// learning-effect WORLDS_WITHOUT WORLDS_WITH SEED [PART]: folds simulated incidents and asks for the verdict after each. Prints how
// often each kind of world was called a success, or harm, and how often the interval held the truth at every look.
import { effectVerdict } from '../../src/learning/effect/verdict.ts';
import { POLICIES } from '../support/learning-policies.mjs';
import { DRIFTING, HEAVY, runHost, runWorld, STEADY } from './learning-effect-worlds.ts';

const [without = 1000, withEffect = 2000, seed = 1] = process.argv.slice(2, 5).map(Number);
/** Which kinds: those that go through real ticks take far longer than the others. */
const part = process.argv[5] ?? 'functions';
/** Kinds of which nothing is promised get a part of the worlds. */
const PART = 0.25;
const fifth = () => 0.2;
/** As in the design: a fifth until there is a verdict, then a twentieth. */
const falling = (_, { time }) => (time.above >= 20 || time.below >= 20 ? 0.05 : 0.2);
const mixed = (_, __, stream) => [0.05, 0.1, 0.2, 0.5][Math.floor(stream() * 4)];

const real = POLICIES.ours({ holdout: 0.2, drops: false });
const nothing = { incidents: 800, takes: 1, times: STEADY, share: fifth, learns: 0 };
const halved = { incidents: 400, takes: 0.5, times: STEADY, share: fifth, learns: real };
/** Through the real ticks: a fifth is held out until there is a verdict, then at most a tenth, as ticks have it. */
const host = { through: 0.2 };
const kinds = {
  'equal, learned by grace through its ticks': { ...nothing, incidents: 400, ...host },
  'halved, learned by grace through its ticks': { ...halved, ...host },
  'equal, learned by grace': { ...nothing, incidents: 400, learns: real },
  'equal, any order': nothing,
  'equal, times drifting fiftyfold': { ...nothing, times: DRIFTING },
  'equal, heavy tails': { ...nothing, times: HEAVY },
  'equal, holdout of 20 %, then 5 %': { ...nothing, share: falling },
  'equal, holdout of 5 to 50 %': { ...nothing, share: mixed },
  'halved, learned by grace': halved,
  'halved, learned after 10 of a mode': { ...halved, learns: 10 },
  'halved, learned by grace, holdout of 10 %': { ...halved, learns: POLICIES.ours({ holdout: 0.1, drops: false }) },
  'halved, learned after 10, holdout of 5 to 50 %': { ...halved, learns: 10, share: mixed },
  'halved, learned by grace, heavy tails': { ...halved, times: HEAVY },
  'two thirds, learned by grace': { ...halved, takes: 2 / 3 },
};

const PROMISED = Object.keys(kinds).filter(
  (kind) => kind.startsWith('equal') || kind === 'halved, learned by grace' || kind.endsWith('its ticks'),
);

function look(setting, world, seen) {
  if (setting.through === undefined) return runWorld(setting, world, (state, index) => seen(state, index, false));
  // A rollback for harm ends a series: what was shown stays shown.
  return runHost(setting, setting.through, world, ({ effect, harmed }, index) =>
    seen(effect, index, harmed.length > 0),
  );
}
const looked = { reproducible: true };
const wanted = Object.entries(kinds).filter(([, { through }]) => (through !== undefined) === (part === 'ticks'));
const answers = wanted.map(([kind, setting]) => {
  const all = setting.takes < 1 ? withEffect : without;
  const worlds = PROMISED.includes(kind) ? all : Math.ceil(all * PART);
  const tally = { kind, worlds, incidents: setting.incidents, passed: 0, ended: 0, failed: 0, missed: 0 };
  const ratios = [];
  const [finals, asked] = [[], []];
  for (let world = 0; world < worlds; world++) {
    const ever = { passed: false, failed: false, missed: false };
    let last;
    let forecast;
    look(setting, seed * 1_000_000 + world, (state, index, harmed) => {
      ever.failed ||= harmed;
      last = effectVerdict(state, looked);
      if (last.verdict === 'PASS') ever.passed ||= index + 1;
      ever.failed ||= last.verdict === 'FAIL';
      ever.missed ||= setting.takes === 1 && last.estimate && (last.estimate.low > 1 || last.estimate.high < 1);
      if (index === 199) forecast = last.more_incidents;
    });
    tally.passed += ever.passed ? 1 : 0;
    tally.failed += ever.failed ? 1 : 0;
    tally.missed += ever.missed ? 1 : 0;
    tally.ended += last.verdict === 'PASS' ? 1 : 0;
    if (last.estimate) ratios.push(last.estimate);
    if (forecast !== undefined && ever.passed > 200) asked.push((200 + forecast) / ever.passed);
    finals.push(last.e_faster);
  }
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  tally.mean_e = finals.reduce((a, b) => a + b, 0) / finals.length;
  tally.ratio = median(ratios.map(({ ratio }) => ratio));
  tally.low = median(ratios.map(({ low }) => low));
  tally.high = median(ratios.map(({ high }) => high));
  tally.forecast = median(asked);
  return tally;
});
console.log(JSON.stringify(answers));
