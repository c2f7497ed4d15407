import { exp, ln } from './elementary.js';

/** Halvings of the interval from 0 to 1: beyond so many a double near 1 does not change. */
const HALVINGS = 100;

/** Terms of the continued fraction; about √max(a, b) are needed. */
const MOST_TERMS = 10_000;

const ENOUGH = 1e-15;
const TINY = 1e-300;

/** Coefficients of Lanczos (1964) for g = 7, as computed by Godfrey; exact to about 1e-15. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/**
 * The x below which a Beta(a, b) variable lies with this probability; a > 0, b > 0. Exact to about 1e-12, the same to the
 * bit on every machine.
 */
export function betaQuantile(probability: number, a: number, b: number): number {
  if (!(a > 0 && b > 0) || Number.isNaN(probability)) return Number.NaN;
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (below(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function: P(X ≤ x). */
function below(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const factor = exp(a * ln(x) + b * ln(1 - x) + lnGamma(a + b) - lnGamma(a) - lnGamma(b));
  // The fraction converges fast on this side of the mean, and the other side is its mirror image.
  return x < (a + 1) / (a + b + 2)
    ? (factor * continuedFraction(x, a, b)) / a
    : 1 - (factor * continuedFraction(1 - x, b, a)) / b;
}

/** By the method of Lentz as modified by Thompson and Barnett (1986); DLMF 8.17.22. */
function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 / awayFromZero(1 + term * d);
      c = awayFromZero(1 + term / c);
      change = c * d;
      fraction *= change;
    }
    if (Math.abs(change - 1) < ENOUGH) break;
  }
  return fraction;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** ln Γ(x), x > 0. */
function lnGamma(x: number): number {
  const [first, ...rest] = LANCZOS;
  const series = rest.reduce<number>((sum, coefficient, i) => sum + coefficient / (x + i), first);
  const t = x + 6.5;
  return ln(2 * Math.PI) / 2 + (x - 0.5) * ln(t) - t + ln(series);
}
