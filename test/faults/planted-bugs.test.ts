import { describe, expect, it } from 'vitest';
import { acksOf, run } from '../support/fault-run.js';
import { withoutLoopDevice, withoutStrace } from '../support/fault-tools.js';
import { bundlePrograms, type Edit, type Programs } from './bundle.js';
import { countKinds, type Kind, showSome, type Violation } from './checks.js';
import { breakEveryCall } from './every-call.js';
import { APPEND, PROJECT, SEAL } from './every-call-scenarios.js';
import {
  ACKNOWLEDGED_BEFORE_NOTE,
  ALWAYS_GRANTED,
  CURSOR_APART,
  DECIDED_OUTSIDE_THE_LOCK,
  FOREIGN_AS_OWN,
  NO_NEWLINE_GUARD,
  NO_NOTE_GUARD,
  NO_NOTE_SYNC,
  NO_SYNC,
  NOTE_BEFORE_SYNC,
  PID_FILE_LOCK,
  POSITION_FIRST,
  VOUCHED_BEFORE_SYNC,
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
          succeed: (dir) => appendWith(programs, dir),
        }),
      ['lost'],
    );
  });

  it.skipIf(noStrace)('no newline guard for notes', async () => {
    await planted(
      'no newline guard for notes',
      NO_NOTE_GUARD,
      (programs) =>
        breakEveryCall(APPEND, programs, {
          faults: 'kills',
          only: ({ group, call }) => group === 'sidecar' && call === 'write',
        }),
      ['unsealed'],
    );
  });

  it.skipIf(noStrace)('the position moved before the lines are there', async () => {
    await planted(
      'position first',
      POSITION_FIRST,
      (programs) =>
        breakEveryCall(SEAL, programs, {
          faults: 'kills',
          only: ({ group, call }) => group === 'logs' && call === 'write',
        }),
      ['position ahead'],
    );
  });

  it.skipIf(noStrace)("foreign lines taken for grace's own", async () => {
    await planted(
      'foreign as own',
      FOREIGN_AS_OWN,
      (programs) =>
        breakEveryCall(SEAL, programs, {
          faults: 'kills',
          only: ({ group, call }) => group === 'sidecar' && call === 'pwrite64',
          succeed: (dir) => appendWith(programs, dir),
        }),
      ['foreign as own'],
    );
  });

  it.skipIf(noStrace)('an acknowledgement that does not wait for its note', async () => {
    await planted(
      'acknowledged before note',
      ACKNOWLEDGED_BEFORE_NOTE,
      (programs) =>
        breakEveryCall(SEAL, programs, {
          faults: 'kills',
          only: ({ group, call }) => group === 'sidecar' && call === 'write',
        }),
      ['unsealed'],
    );
  });

  it.skipIf(noStrace).each<[string, readonly Edit[], Kind[]]>([
    ['no sync', NO_SYNC, ['sealed before synced', 'acknowledged before synced']],
    ['no sync of incident lines', VOUCHED_BEFORE_SYNC, ['vouched before synced']],
    ['a note before the log is synced', NOTE_BEFORE_SYNC, ['sealed before synced']],
    ['an acknowledgement before the note', ACKNOWLEDGED_BEFORE_NOTE, ['acknowledged before synced']],
    ['no sync of notes', NO_NOTE_SYNC, ['acknowledged before synced']],
  ])('%s, by the order of calls', async (bug, edits, kinds) => {
    await planted(`${bug} (order)`, edits, (programs) => watchSyncs(programs, { records: 5 }), kinds);
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
    await planted(
      'pid file',
      PID_FILE_LOCK,
      (programs) => raceForClaims(programs, { ...RACE, rounds: 8, opened: true }),
      ['misnumbered'],
    );
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

async function appendWith(programs: Programs, dir: string) {
  const { said } = await run(programs.append, [dir, 'next', '1']);
  return { acks: acksOf(said), violations: [] };
}

const RACE = { racers: 8, rounds: 4, pause_ms: 5 };
