import { exp, ln } from './elementary.js';
import type { Random } from './random.js';

/** A draw from Beta(a, b), a > 0, b > 0. */
export function drawBeta(a: number, b: number, random: Random): number {
  const x = drawGamma(a, random);
  const y = drawGamma(b, random);
  // With both shapes near 0 both may vanish: all the mass is then at the two ends.
  return x + y > 0 ? x / (x + y) : random() * (a + b) < a ? 1 : 0;
}

/** A draw from Gamma(shape, 1), after Marsaglia and Tsang (2000). */
function drawGamma(shape: number, random: Random): number {
  if (shape < 1) return drawGamma(shape + 1, random) * exp(ln(aboveZero(random)) / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) * (1 + c * x) * (1 + c * x);
    if (v > 0 && ln(aboveZero(random)) < (x * x) / 2 + d - d * v + d * ln(v)) return d * v;
  }
}

/** A draw from the standard normal, by Marsaglia's polar method. */
function drawNormal(random: Random): number {
  for (;;) {
    const x = 2 * random() - 1;
    const y = 2 * random() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * ln(square)) / square);
  }
}

function aboveZero(random: Random): number {
  return 1 - random();
}
