import { expect, it } from 'vitest';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { killAtRandom } from './random-kills.js';

const KILLS = Number(process.env.GRACE_FAULT_KILLS ?? 200);

it(
  'concurrent appenders, killed at random moments, lose and double nothing',
  async () => {
    const programs = await bundlePrograms();
    try {
      const { kills, acknowledged, torn, violations } = await killAtRandom(programs, KILLS);
      const counts = countKinds(violations);
      console.log(`random kills: ${kills} kills, ${acknowledged} records acknowledged, ${torn} lines torn, ${counts}`);
      expect(showSome(violations)).toBe('');
      expect(acknowledged).toBeGreaterThan(kills);
    } finally {
      programs.remove();
    }
  },
  90_000 + KILLS * 1000,
);
