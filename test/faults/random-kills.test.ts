import { expect, it } from 'vitest';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { killAtRandom } from './random-kills.js';

const KILLS = Number(process.env.GRACE_FAULT_KILLS ?? 200);

it(
  'concurrent appenders, killed at random moments, lose, double and leave unsealed nothing',
  async () => {
    const programs = await bundlePrograms();
    try {
      const { kills, acknowledged, torn, foreign, violations } = await killAtRandom(programs, KILLS);
      const counts = countKinds(violations);
      const lines = `${torn} lines torn, ${foreign} taken in as foreign`;
      console.log(`random kills: ${kills} kills, ${acknowledged} records acknowledged, ${lines}, ${counts}`);
      expect(showSome(violations)).toBe('');
      expect(acknowledged).toBeGreaterThan(kills);
    } finally {
      programs.remove();
    }
  },
  90_000 + KILLS * 1000,
);
