// Math.log and Math.exp may differ in their last digit between machines, and a decision that rests on a draw would then
// differ too. These use nothing but + − × ÷, which IEEE 754 fixes to the bit.

const { LN2, SQRT2 } = Math;

/** The natural logarithm; −∞ at 0, NaN below. Exact to about 1e-15 of the larger of 1 and the result. */
export function ln(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > SQRT2; exponent += 1) mantissa /= 2;
  for (; mantissa < SQRT2 / 2; exponent -= 1) mantissa *= 2;
  const t = (mantissa - 1) / (mantissa + 1);
  let series = 0;
  for (let k = 23; k >= 1; k -= 2) series = series * t * t + 1 / k;
  return exponent * LN2 + 2 * t * series;
}

/** eˣ, exact to about 1e-15 × max(1, |x|) of the result. */
export function exp(x: number): number {
  if (Number.isNaN(x) || x > 710) return x + Number.POSITIVE_INFINITY;
  if (x < -746) return 0;
  const doublings = Math.round(x / LN2);
  const rest = x - doublings * LN2;
  let result = 1;
  for (let k = 18; k >= 1; k--) result = 1 + (result * rest) / k;
  for (let k = 0; k < doublings; k++) result *= 2;
  for (let k = 0; k > doublings; k--) result /= 2;
  return result;
}

/** `base` to a whole power ≥ 0. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2), square *= square) {
    if (left % 2 === 1) result *= square;
  }
  return result;
}
