/** The value below which `share` of the sample lies, by nearest rank. */
export function quantile(sample, share) {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

export function median(sample) {
  const sorted = [...sample].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs each of several things in turn, `rounds` times over, so that what else the machine does meanwhile meets all of
 * them alike. Answers their samples; the first round only warms up.
 */
export async function interleaved(rounds, things) {
  const samples = Object.fromEntries(Object.keys(things).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(things)) {
      const sample = await run();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}
