/** Longer texts are no typing errors of one another. */
const MAX_LENGTH = 256;

/** The choice that a typing error most likely meant. */
export function closest(text: string, choices: readonly string[]): string {
  let best = choices[0] ?? '';
  let least = Number.POSITIVE_INFINITY;
  for (const choice of choices) {
    const steps = distance(text, choice);
    if (steps < least) [best, least] = [choice, steps];
  }
  return best;
}

/** The same; `undefined` when none is near enough to have been meant. */
export function nearest(text: string, choices: readonly string[]): string | undefined {
  if (choices.length === 0 || text.length > MAX_LENGTH) return undefined;
  // In other letters is nearer than any other word.
  const lower = closest(
    text.toLowerCase(),
    choices.map((choice) => choice.toLowerCase()),
  );
  const best = closest(
    text,
    choices.filter((choice) => choice.toLowerCase() === lower),
  );
  const tolerated = Math.max(1, Math.floor(Math.min(text.length, best.length) / 2));
  return distance(text.toLowerCase(), best.toLowerCase()) <= tolerated ? best : undefined;
}

const MOST_NEAR = 3;

/** The choices that may have been meant, the nearest first, at most three; none when none is near enough. */
export function nearestFew(text: string, choices: readonly string[]): string[] {
  const near: string[] = [];
  let left = choices;
  while (near.length < MOST_NEAR) {
    const next = nearest(text, left);
    if (next === undefined) break;
    near.push(next);
    left = left.filter((choice) => choice !== next);
  }
  return near;
}

/** Levenshtein's distance, in which two neighbours that changed places count once. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let steps = Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      }
      next.push(steps);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
