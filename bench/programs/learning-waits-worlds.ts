import { normal, type Stream, streamOf } from './learning-effect-worlds.js';

/** How long a service takes to become healthy after a remedy that works: seconds, for a typical time of 1. */
export interface Shape {
  readonly draw: (stream: Stream) => number;
}

export interface WaitsSetting {
  readonly shape: Shape;
  /** Seconds it typically takes, before the change. */
  readonly typical_s: number;
  /** The share of remedies that never make it healthy. */
  readonly in_vain: number;
  /** What giving up costs, in typical times. */
  readonly next_step: number;
  /** The factor by which recoveries slow down half way. */
  readonly slower: number;
  readonly incidents: number;
}

export interface Way {
  /** The wait for the next incident. */
  readonly wait_s: () => number;
  readonly observe: (seconds: number, healthy: boolean) => void;
}

export interface WaitsOutcome {
  /** Mean seconds per incident after the change: with the waits that were chosen, and with the best one. */
  readonly cost_s: number;
  readonly best_cost_s: number;
  /** Of the incidents that would have recovered after the change, those given up. */
  readonly recoverable: number;
  readonly given_up: number;
  /** As many as the best wait would have given up. */
  readonly best_given_up: number;
  readonly last_wait_s: number;
  readonly best_wait_s: number;
}

export const SHAPES: Readonly<Record<string, Shape>> = {
  'log-normal, σ 0.5': { draw: (stream) => Math.exp(0.5 * normal(stream)) },
  'log-normal, σ 1': { draw: (stream) => Math.exp(normal(stream)) },
  exponential: { draw: (stream) => 0.1 - Math.log(1 - stream()) },
  'almost always the same': { draw: (stream) => Math.exp(0.1 * normal(stream)) },
  'a quarter cold starts, four times as long': {
    draw: (stream) => (stream() < 0.25 ? 4 : 1) * Math.exp(0.25 * normal(stream)),
  },
};

/** Runs a world; what is not healthy by the wait is given up, and then it is not known when it would have been. */
export function runWaits(setting: WaitsSetting, seed: number, wayOf: (cost_s: number) => Way): WaitsOutcome {
  const { shape, typical_s, in_vain, slower, incidents } = setting;
  const cost_of_next_s = setting.next_step * typical_s;
  const stream = streamOf(seed);
  const way = wayOf(cost_of_next_s);
  const half = incidents >> 1;
  const best_wait_s = bestWaitOf(setting, cost_of_next_s);
  const costOf = (seconds: number, wait_s: number) =>
    Math.min(seconds, wait_s) + (seconds > wait_s ? cost_of_next_s : 0);
  let [cost_s, best_cost_s, recoverable, given_up, best_given_up] = [0, 0, 0, 0, 0];
  for (let i = 0; i < incidents; i++) {
    const takes = stream() < in_vain ? Number.POSITIVE_INFINITY : shape.draw(stream);
    const seconds = takes * typical_s * (i >= half ? slower : 1);
    const wait_s = way.wait_s();
    if (i >= half) {
      cost_s += costOf(seconds, wait_s);
      best_cost_s += costOf(seconds, best_wait_s);
      if (Number.isFinite(seconds)) recoverable++;
      if (Number.isFinite(seconds) && seconds > wait_s) given_up++;
      if (Number.isFinite(seconds) && seconds > best_wait_s) best_given_up++;
    }
    way.observe(Math.min(seconds, wait_s), seconds <= wait_s);
  }
  const n = incidents - half;
  const mean = { cost_s: cost_s / n, best_cost_s: best_cost_s / n };
  return { ...mean, recoverable, given_up, best_given_up, last_wait_s: way.wait_s(), best_wait_s };
}

const known = new Map<string, number>();

/** The wait of least expected cost after the change, from 20,000 draws of the true distribution. */
function bestWaitOf({ shape, typical_s, in_vain, slower }: WaitsSetting, cost_of_next_s: number): number {
  const key = `${Object.values(SHAPES).indexOf(shape)} ${typical_s} ${in_vain} ${slower} ${cost_of_next_s}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const stream = streamOf(4711);
  const n = 20_000;
  const times = Array.from({ length: n }, () => shape.draw(stream) * typical_s * slower).sort((a, b) => a - b);
  let [best, least, waited] = [0, cost_of_next_s, 0];
  times.forEach((at_s, i) => {
    waited += (1 - ((1 - in_vain) * i) / n) * (at_s - (times[i - 1] ?? 0));
    const cost = waited + (1 - ((1 - in_vain) * (i + 1)) / n) * cost_of_next_s;
    if (cost < least) [best, least] = [at_s, cost];
  });
  known.set(key, best);
  return best;
}
