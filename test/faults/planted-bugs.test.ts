import { describe, expect, it } from 'vitest';
import { acksOf, run } from '../support/fault-run.js';
import { withoutLoopDevice, withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms, type Edit, type Programs } from './bundle.js';
import { countKinds, type Kind, showSome, type Violation } from './checks.js';
import { APPEND, breakEveryCall, PROJECT } from './every-call.js';
import {
  ALWAYS_GRANTED,
  CURSOR_APART,
  DECIDED_OUTSIDE_THE_LOCK,
  NO_NEWLINE_GUARD,
  NO_SYNC,
  PID_FILE_LOCK,
} from './plants.js';
import { cutPower } from './power-cut.js';
import { raceForClaims } from './racing-claims.js';
import { watchSyncs } from './sync-order.js';

const noStrace = withoutStrace();
const noLoop = withoutLoopDevice();

/** The control: a harness that finds nothing in these programs finds nothing at all. */
describe('the harness fails on planted bugs', { timeout: 180_000 }, () => {
  async function planted(
    bug: string,
    edits: readonly Edit[],
    check: (programs: Programs) => Promise<{ readonly violations: readonly Violation[] }>,
    expected: readonly Kind[],
  ): Promise<void> {
    const programs = await bundlePrograms(edits);
    try {
      const { violations } = await check(programs);
      console.log(`planted: ${bug}: found, ${countKinds(violations)}`);
      const kinds = new Set(violations.map(({ kind }) => kind));
      expect([...kinds], showSome(violations)).toEqual(expect.arrayContaining([...expected]));
    } finally {
      programs.remove();
    }
  }

  it.skipIf(noStrace)('no newline guard', async () => {
    await planted(
      'no newline guard',
      NO_NEWLINE_GUARD,
      (programs) =>
        breakEveryCall(APPEND, programs, {
          faults: 'kills',
          only: ({ group, call }) => group === 'logs' && call === 'write',
          async succeed(dir) {
            const { said } = await run(programs.append, [dir, 'next', '1']);
            return { acks: acksOf(said), violations: [] };
          },
        }),
      ['lost'],
    );
  });

  it.skipIf(noStrace)('no sync, by the order of calls', async () => {
    await planted('no sync', NO_SYNC, (programs) => watchSyncs(programs, 5), ['acknowledged before synced']);
  });

  it.skipIf(noLoop)('no sync, by a power cut', async () => {
    await planted('no sync (power cut)', NO_SYNC, (programs) => cutPower(programs, 5), ['lost']);
  });

  it.skipIf(noStrace)('a cursor committed apart from its rows', async () => {
    await planted(
      'cursor apart',
      CURSOR_APART,
      (programs) => breakEveryCall(PROJECT, programs, { faults: 'kills', only: ({ group }) => group === 'registry' }),
      ['stale registry'],
    );
  });

  it('a pid file instead of a lock', async () => {
    await planted('pid file', PID_FILE_LOCK, (programs) => raceForClaims(programs, { ...RACE, rounds: 8 }), [
      'misnumbered',
    ]);
  });

  it('claims that are always granted', async () => {
    await planted('always granted', ALWAYS_GRANTED, (programs) => raceForClaims(programs, RACE), ['second act']);
  });

  it('claims decided outside the lock', async () => {
    const race = (programs: Programs) => raceForClaims(programs, { ...RACE, opened: true });
    await planted('decided outside the lock', DECIDED_OUTSIDE_THE_LOCK, race, ['second act']);
  });

  it('a plant whose place is not found stops the build', async () => {
    const gone: Edit = { file: 'src/core/ledger.ts', find: 'no such line', put: '' };
    await expect(bundlePrograms([gone])).rejects.toThrow('stands there 0 times');
    await expect(bundlePrograms([{ ...gone, file: 'src/core/no-such-file.ts' }])).rejects.toThrow('no program reads');
  });
});

const RACE = { racers: 8, rounds: 4, pause_ms: 5 };
