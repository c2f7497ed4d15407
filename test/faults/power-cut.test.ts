import { expect, it } from 'vitest';
import { withoutLoopDevice } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { cutPower } from './power-cut.js';

const CUTS = Number(process.env.GRACE_FAULT_CUTS ?? 20);
const without = withoutLoopDevice();

it.skipIf(without)(
  'what was acknowledged is there and sealed after a power cut',
  async () => {
    const programs = await bundlePrograms();
    try {
      const { cuts, acknowledged, violations } = await cutPower(programs, CUTS);
      console.log(`power cut: ${cuts} cuts, ${acknowledged} records acknowledged, ${countKinds(violations)}`);
      expect(showSome(violations)).toBe('');
      expect(acknowledged).toBeGreaterThan(cuts);
    } finally {
      programs.remove();
    }
  },
  60_000 + CUTS * 10_000,
);
