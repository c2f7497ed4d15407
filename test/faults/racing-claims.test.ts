import { expect, it } from 'vitest';
import { bundlePrograms } from './bundle.js';
import { countKinds, showSome } from './checks.js';
import { raceForClaims } from './racing-claims.js';

const RACERS = 8;
const ROUNDS = Number(process.env.GRACE_FAULT_ROUNDS ?? 4);

it('of 8 processes that claim one incident exactly one acts', async () => {
  const programs = await bundlePrograms();
  try {
    const { claims, acts, violations } = await raceForClaims(programs, {
      racers: RACERS,
      rounds: ROUNDS,
      pause_ms: 5,
    });
    const counts = countKinds(violations);
    console.log(
      `racing claims: ${RACERS} processes, ${ROUNDS} rounds, ${claims} claims granted, ${acts} acts, ${counts}`,
    );
    expect(showSome(violations)).toBe('');
    expect({ claims, acts }).toEqual({ claims: ROUNDS, acts: ROUNDS });
  } finally {
    programs.remove();
  }
}, 90_000);
