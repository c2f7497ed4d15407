import { jsonOf } from './support/command.mjs';
import { quantile } from './support/stats.mjs';
import { result } from './support/table.mjs';

const WORLDS = 200;
const INCIDENTS = 800;
const AT_ONCE = 2;
/** Incidents over which a curve has to stay within 10 % of the optimum before it is believed. */
const STAYS = 10;

const SHARED = { sharedCauses: true };
const CASES = [
  { label: "the author's order", policy: 'author' },
  { label: 'UCB1 on success', policy: 'ucb1' },
  { label: 'Thompson on success', policy: 'thompsonOnSuccess' },
  { label: 'Thompson on p ÷ cost', policy: 'thompsonOnIndex' },
  { label: 'clairvoyant', policy: 'clairvoyant' },
  { label: 'grace', policy: 'throughTicks', atMost: 1.09, learns: true },
  { label: 'grace, 10 % holdout', policy: 'throughTicks', setting: { holdout: 0.1 }, atMost: 1.13 },
  { label: 'its functions alone', policy: 'ours' },
  { label: 'functions, candidate in 1 of 4, promoted at 0.80', policy: 'ours', setting: { explore: 0.25, sure: 0.8 } },
  { label: 'functions, remedies taken for independent', policy: 'ours', setting: { other_places: null } },
  { label: 'functions, never dropping a playbook', policy: 'ours', setting: { drops: false } },
  { label: 'functions, 3 targets in each mode', policy: 'ours', targets: 3 },
  { label: "shared causes: the author's order", policy: 'author', ...SHARED },
  { label: 'shared causes: Thompson on success', policy: 'thompsonOnSuccess', ...SHARED },
  { label: 'shared causes: grace', policy: 'throughTicks', ...SHARED, atMost: 1.09 },
  {
    label: 'shared causes: grace, 10 % holdout',
    policy: 'throughTicks',
    ...SHARED,
    setting: { holdout: 0.1 },
    atMost: 1.13,
  },
  { label: 'shared causes: taken for independent', policy: 'ours', ...SHARED, setting: { other_places: null } },
];

/** How close orders come to the best there is, in worlds where that is known. Seeds 0 … WORLDS − 1. */
export async function bench({ programs }) {
  const rows = [];
  const waiting = CASES.map((one, place) => ({ ...one, place }));
  const work = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      rows[one.place] = rowsOf(one, await lived(programs['learning-order'], one));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rows.flat();
}

function rowsOf({ label, atMost, learns = false }, { every, lives }) {
  const ratios = lives.map(({ ratio }) => ratio);
  const half = INCIDENTS / 2 / every;
  const curve = lives[0].curve.map((_, at) => mean(lives.map((life) => life.curve[at][0])));
  const until = within10(curve.slice(0, half), every);
  const again = within10(curve.slice(half), every);
  const worse = mean(lives.map(({ curve }) => (curve[100 / every][0] > curve[100 / every][1] + 1e-4 ? 100 : 0)));
  const spread = `world p5 ${quantile(ratios, 0.05).toFixed(2)}, p95 ${quantile(ratios, 0.95).toFixed(2)}`;
  const said = [`mean ± ${(1.96 * standardError(ratios)).toFixed(3)}`, spread];
  if (!learns) said.push(`10 %: ${until}, again ${again}`, `worse ${worse.toFixed(1)} %`);
  const first = result(`time to recover : optimum, ${label}`, mean(ratios), {
    ...{ digits: 3, medians: said.join(', ') },
    ...(atMost === undefined ? {} : { atMost }),
  });
  if (!learns) return [first];
  const count = { unit: 'incidents', digits: 0 };
  return [
    first,
    result(`  until within 10 % of optimal, ${label}`, until, { ...count, atMost: 40 }),
    result(`  until so again after the change, ${label}`, again, { ...count, atMost: 170 }),
    result(`  worlds worse than the author's order after 100 incidents, ${label}`, worse, { unit: '%', atMost: 2 }),
  ];
}

/** Incidents until the curve comes within 10 % of the optimum and stays there for a while; Infinity if it never does. */
function within10(curve, every) {
  const points = STAYS / every;
  const at = curve.findIndex((_, i) => i + points <= curve.length && mean(curve.slice(i, i + points)) <= 1.1);
  return at < 0 ? Number.POSITIVE_INFINITY : at * every;
}

function lived(program, { policy, sharedCauses, targets, setting }) {
  const options = JSON.stringify({ sharedCauses, targets, setting });
  return jsonOf(process.execPath, [program, policy, `${WORLDS}`, `${INCIDENTS}`, options]);
}

function mean(sample) {
  return sample.reduce((sum, one) => sum + one, 0) / sample.length;
}

function standardError(sample) {
  const middle = mean(sample);
  return Math.sqrt(mean(sample.map((one) => (one - middle) ** 2)) / sample.length);
}
