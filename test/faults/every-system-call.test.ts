import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { breakEveryCall } from './every-call.js';
import { SCENARIOS } from './every-call-scenarios.js';

const without = withoutStrace();

describe.skipIf(without)('every system call, killed before it and failed', () => {
  let programs: Awaited<ReturnType<typeof bundlePrograms>>;

  beforeAll(async () => {
    programs = await bundlePrograms();
  });
  afterAll(() => programs?.remove());

  it.each(SCENARIOS)(
    '$name',
    async (scenario) => {
      const { points, killed, failed, violations } = await breakEveryCall(scenario, programs, {
        faults: scenario.faults ?? 'kills and errors',
      });
      const counts = countKinds(violations);
      console.log(`${scenario.name}: ${points} system-call points, ${killed} killed, ${failed} failed, ${counts}`);
      expect(showSome(violations)).toBe('');
      expect(killed).toBe(points);
      expect(points).toBeGreaterThan(5);
    },
    600_000,
  );
});
