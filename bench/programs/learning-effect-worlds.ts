import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type EffectIncident, type EffectState, NO_EFFECT, observeEffect } from '../../src/learning/effect/effect.js';
import type { LearnState } from '../../src/learning/state/learn-state.js';
import { learningHost } from '../support/learning-host.mjs';

const MODES = 8;
const PLAYBOOKS = 4;
const PERSON_S = 1800;
const RELAPSES = 0.03;

/** Numbers from 0 to 1 (not included), the same ones for a seed. */
export type Stream = () => number;

interface Remedy {
  readonly success: number;
  readonly seconds: number;
}

/** Failure modes with their remedies, in the author's order, and their best order. */
interface Mode {
  readonly remedies: readonly Remedy[];
  readonly author: readonly number[];
  readonly best: readonly number[];
}

/** What multiplies the time of a step: the noise of a single step, and of the time in which the incident falls. */
export interface Times {
  readonly step: (stream: Stream) => number;
  readonly incident: (index: number, of: number, stream: Stream) => number;
}

export interface WorldSetting {
  readonly incidents: number;
  /** The best order takes this share of the expected time of the author's; 1: all remedies of a mode are equal. */
  readonly takes: number;
  readonly times: Times;
  /** The share of holdout of an incident, from what is known before it. */
  readonly share: (index: number, state: EffectState, stream: Stream) => number;
  /**
   * Who learns the order of a mode; or after how many incidents of it the learned order is the best one (any one, where all
   * are equal), until when it is the author's.
   */
  readonly learns: number | ((mode: LearnedMode, random: Stream, seed: string) => Learner);
}

interface LearnedMode {
  readonly playbooks: readonly { readonly id: string; readonly declared_s: number }[];
}

/** One who serves orders at random, and says before with which probabilities. */
export interface Learner {
  readonly arms: (
    truth: number,
    target: string,
  ) => readonly (readonly [probability: number, order: readonly string[]])[];
  readonly serve: (incident: { readonly target: string }) => readonly string[];
  readonly learn: (incident: { readonly target: string }, tried: readonly Tried[]) => void;
}

interface Tried {
  readonly playbook: string;
  readonly worked: boolean;
  readonly seconds: number;
}

export function streamOf(seed: number): Stream {
  const generator = xoroshiro128plus(seed);
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 20; i++) uniformFloat64(generator);
  return () => uniformFloat64(generator);
}

export function normal(stream: Stream): number {
  return Math.sqrt(-2 * Math.log(1 - stream())) * Math.cos(2 * Math.PI * stream());
}

export const STEADY: Times = { step: (stream) => Math.exp(0.5 * normal(stream) - 0.125), incident: () => 1 };

/** Tenfold from the first incident to the last, and fivefold at once half way. */
export const DRIFTING: Times = {
  ...STEADY,
  incident: (index, of) => 10 ** (index / of) * (index * 2 > of ? 5 : 1) * 0.2,
};

/** Pareto with an infinite variance and almost an infinite mean, for a step and for the whole incident. */
export const HEAVY: Times = {
  step: (stream) => 0.3 * (1 - stream()) ** (-1 / 1.1),
  incident: (_, __, stream) => 0.3 * (1 - stream()) ** (-1 / 1.1),
};

/** Folds a world, incident by incident; `seen` gets the state after each. */
export function runWorld(setting: WorldSetting, seed: number, seen: (state: EffectState, index: number) => void): void {
  const stream = streamOf(seed);
  const modes = setting.takes < 1 ? unequalModes(setting.takes, stream) : equalModes(stream);
  const learners = modes.map((mode, m) => learnerOf(setting, mode, stream, `${seed} ${m}`));
  let state = NO_EFFECT;
  for (let index = 0; index < setting.incidents; index++) {
    const m = zipf(stream);
    const mode = modes[m] as Mode;
    const serve = (learners[m] as ReturnType<typeof learnerOf>)(setting.share(index, state, stream));
    const { order, holdout, holdout_share, differs, learn } = serve;
    const factor = setting.times.incident(index, setting.incidents, stream);
    const { tried, ...outcome } = handle(mode, order, factor, setting.times, stream);
    learn(tried);
    state = observeEffect(state, { mode: `mode-${m}`, holdout, holdout_share, differs, ...outcome });
    seen(state, index);
  }
}

/** The same through the real decision and the real ticks: what is seen is the state that a host keeps. */
export function runHost(
  { incidents, takes, times }: WorldSetting,
  holdout: number,
  seed: number,
  seen: (state: LearnState, index: number) => void,
): void {
  const stream = streamOf(seed);
  const modes = takes < 1 ? unequalModes(takes, stream) : equalModes(stream);
  const may = { allowed: true, rule: 'built in' };
  const governance = { mode: 'apply' as const, holdout, config_version: 'c', may: { reorder: may, wait: may } };
  const host = learningHost(
    modes.map((mode, m) => checkOf(mode, m, stream)),
    governance,
    `${seed}`,
  );
  for (let index = 0; index < incidents; index++) {
    const m = zipf(stream);
    const mode = modes[m] as Mode;
    const factor = times.incident(index, incidents, stream);
    let relapsed = false;
    const episode = host.fails(
      `mode-${m}`,
      (order: readonly string[]) => {
        const handled = handle(mode, order.map(Number), factor, times, stream);
        relapsed = handled.relapsed;
        return handled.tried.map((one, place) =>
          // Whether it relapses is not known yet.
          relapsed && place === handled.tried.length - 1 ? { ...one, worked: true } : one,
        );
      },
      () => relapsed,
    );
    host.tick([episode]);
    seen(host.state(), index);
  }
}

function checkOf({ author, remedies }: Mode, m: number, stream: Stream) {
  const name = `mode-${m}`;
  return {
    ...{ name, target: name, mode: name, learn: true },
    playbooks: author.map((index) => {
      const { seconds } = remedies[index] as Remedy;
      return {
        ...{ id: `${index}`, declared_s: seconds * 0.5 * 4 ** stream(), risk: 'low' as const },
        ...{ may_randomise: true, within_s: 30, bounds: null },
      };
    }),
  };
}

/** How an incident is served, given the share of holdout. */
type Serving = Pick<EffectIncident, 'holdout' | 'holdout_share' | 'differs'> & {
  readonly order: readonly number[];
  readonly learn: (tried: readonly Tried[]) => void;
};

function learnerOf({ learns, takes }: WorldSetting, mode: Mode, stream: Stream, seed: string) {
  if (typeof learns !== 'number') {
    const playbooks = mode.author.map((index) => {
      const { seconds } = mode.remedies[index] as Remedy;
      return { id: `${index}`, declared_s: seconds * 0.5 * 4 ** stream() };
    });
    return realServing(learns({ playbooks }, stream, seed), mode);
  }
  let had = 0;
  return (holdout_share: number): Serving => {
    // With nothing to learn, this learner still changes orders.
    const learned = had++ < learns ? mode.author : takes < 1 ? mode.best : shuffled(stream);
    const holdout = stream() < holdout_share;
    const differs = !same(learned, mode.author);
    return { order: holdout ? mode.author : learned, holdout, holdout_share, differs, learn: () => undefined };
  };
}

/** Its share of holdout is its own. What counts is whether the frozen order was served, by whichever of its arms. */
function realServing(learner: Learner, mode: Mode) {
  const incident = { target: 'target' };
  return (): Serving => {
    const isFirst = (order: readonly string[]) => same(order.map(Number), mode.author);
    const arms = learner.arms(0, incident.target);
    const others = arms.reduce((sum, [probability, order]) => (isFirst(order) ? sum : sum + probability), 0);
    const order = learner.serve(incident);
    const drawn = { holdout: isFirst(order), holdout_share: 1 - others, differs: others > 0 };
    return { ...drawn, order: order.map(Number), learn: (tried) => learner.learn(incident, tried) };
  };
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((index, i) => index === other[i]);
}

function handle(mode: Mode, order: readonly number[], factor: number, times: Times, stream: Stream) {
  const tried: Tried[] = [];
  let recovered_s = 0;
  for (const index of order) {
    const remedy = mode.remedies[index] as Remedy;
    const seconds = remedy.seconds * factor * times.step(stream);
    recovered_s += seconds;
    const worked = stream() < remedy.success;
    const relapsed = worked && stream() < RELAPSES;
    tried.push({ playbook: `${index}`, worked: worked && !relapsed, seconds });
    if (worked) return { tried, recovered_s, relapsed, escalated: false };
  }
  return { tried, recovered_s: recovered_s + PERSON_S * times.step(stream), relapsed: false, escalated: true };
}

function equalModes(stream: Stream): Mode[] {
  return Array.from({ length: MODES }, () => {
    const remedy = randomRemedy(stream);
    const author = [0, 1, 2, 3];
    return { remedies: Array.from({ length: PLAYBOOKS }, () => remedy), author, best: author };
  });
}

/** Random remedies in such an order of the author that the best order needs this share of its expected time, within a twentieth. */
function unequalModes(takes: number, stream: Stream): Mode[] {
  for (;;) {
    const modes = Array.from({ length: MODES }, () => {
      const remedies = Array.from({ length: PLAYBOOKS }, () => randomRemedy(stream));
      const expected = ORDERS.map((order) => ({ order, seconds: expectedSeconds(remedies, order) }));
      const best = expected.reduce((a, b) => (b.seconds < a.seconds ? b : a));
      const off = ({ seconds }: { seconds: number }) => Math.abs(Math.log((takes * seconds) / best.seconds));
      const author = expected.reduce((a, b) => (off(b) < off(a) ? b : a));
      return { remedies, author: author.order, best: best.order };
    });
    const mean = (which: 'author' | 'best') =>
      modes.reduce((sum, mode, m) => sum + expectedSeconds(mode.remedies, mode[which]) / (m + 1), 0);
    if (Math.abs(mean('best') / mean('author') / takes - 1) <= 0.05) return modes;
  }
}

function expectedSeconds(remedies: readonly Remedy[], order: readonly number[]): number {
  let [sum, left] = [0, 1];
  for (const index of order) {
    const { seconds, success } = remedies[index] as Remedy;
    sum += left * seconds;
    left *= 1 - success;
  }
  return sum + left * PERSON_S;
}

function randomRemedy(stream: Stream): Remedy {
  return { success: 0.15 + 0.8 * stream(), seconds: 10 * 18 ** stream() };
}

/** A mode by Zipf's law: the k-th falls out 1/k as often as the first. */
function zipf(stream: Stream): number {
  let left = stream() * Array.from({ length: MODES }, (_, m) => 1 / (m + 1)).reduce((a, b) => a + b, 0);
  for (let m = 0; m < MODES - 1; m++) {
    left -= 1 / (m + 1);
    if (left < 0) return m;
  }
  return MODES - 1;
}

const ORDERS: readonly (readonly number[])[] = permutations([0, 1, 2, 3]);

function shuffled(stream: Stream): readonly number[] {
  return ORDERS[Math.floor(stream() * ORDERS.length)] as readonly number[];
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
