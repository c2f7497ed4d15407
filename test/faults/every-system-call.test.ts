import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import {
  APPEND,
  APPEND_FIRST,
  breakEveryCall,
  CLAIM,
  PROJECT,
  PROJECT_ANEW,
  PROJECT_FIRST,
  type Scenario,
} from './every-call.js';

const without = withoutStrace();

describe.skipIf(without)('every system call, killed before it and failed', () => {
  let programs: Awaited<ReturnType<typeof bundlePrograms>>;

  beforeAll(async () => {
    programs = await bundlePrograms();
  });
  afterAll(() => programs?.remove());

  it.each<Scenario>([APPEND, APPEND_FIRST, PROJECT, PROJECT_FIRST, PROJECT_ANEW, CLAIM])(
    '$name',
    async (scenario) => {
      const { points, killed, failed, violations } = await breakEveryCall(scenario, programs, {
        faults: 'kills and errors',
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
