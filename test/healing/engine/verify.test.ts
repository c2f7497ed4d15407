import { describe, expect, test } from 'vitest';
import type { ProbeStatus } from '../../../src/healing/check.js';
import { verify } from '../../../src/healing/engine/verify.js';
import { checkSaying, standClock } from '../../support/heal-stand.js';

/** Each probe takes a second. */
async function verified(
  answers: readonly ProbeStatus[],
  passes: number,
  within_s: number,
  { start_period_s = 0, countsEvents = false } = {},
) {
  const clock = standClock();
  const check = Object.assign(checkSaying(...answers), { countsEvents });
  const probe = check.probe.bind(check);
  check.probe = async () => {
    clock.pass(1);
    return probe();
  };
  const told: number[] = [];
  const stop = new AbortController();
  const verdict = await verify(check, { passes, within_s, every_s: 0 }, start_period_s, {
    ...{ clock, stop: stop.signal },
    probed: (_probe, count) => told.push(count),
  });
  return { ...verdict, asked: check.asked, told };
}

describe('a verification', () => {
  test('wants so many passes in a row, and asks no further', async () => {
    expect(await verified(['ok'], 3, 60)).toEqual({
      ...{ passes: 3, verified: true, interrupted: false, asked: 3, told: [1, 2, 3] },
    });
    const spoiled = await verified(['ok', 'ok', 'warning', 'ok', 'unknown', 'ok', 'ok', 'ok'], 3, 60);
    expect(spoiled).toMatchObject({ verified: true, told: [1, 2, 0, 1, 0, 1, 2, 3] });
  });

  test('ends at its deadline, with a last probe at it', async () => {
    expect(await verified(['critical'], 1, 3)).toMatchObject({ verified: false, interrupted: false, asked: 3 });
    expect(await verified(['critical', 'critical', 'ok'], 1, 3)).toMatchObject({ verified: true });
    expect(await verified(['critical'], 1, 0)).toMatchObject({ verified: false, asked: 1 });
  });

  test('a service that is slow to start has its start period, if that is longer', async () => {
    expect(await verified(['critical'], 1, 3, { start_period_s: 10 })).toMatchObject({ asked: 10 });
    expect(await verified(['critical'], 1, 10, { start_period_s: 3 })).toMatchObject({ asked: 10 });
  });

  test('a check that counts events must pass for the whole time: one moment without any shows nothing', async () => {
    const events = { countsEvents: true };
    expect(await verified(['ok'], 2, 6, events)).toMatchObject({ verified: true, passes: 6, asked: 6 });
    expect(await verified(['ok', 'ok', 'ok', 'critical', 'ok'], 2, 6, events)).toMatchObject({
      verified: false,
      asked: 4,
    });
    // What happened before the remedy had ended is found by the first probe after it.
    expect(await verified(['critical', 'ok'], 2, 6, events)).toMatchObject({ verified: true, passes: 5, asked: 6 });
    expect(await verified(['ok'], 9, 6, events)).toMatchObject({ verified: false, asked: 6 });
  });

  test('interrupted: what was seen until then does not verify', async () => {
    const stop = new AbortController();
    const check = checkSaying('ok');
    const verdict = await verify(check, { passes: 2, within_s: 600, every_s: 600 }, 0, {
      ...{ clock: standClock(), stop: stop.signal },
      probed: () => void setTimeout(() => stop.abort(), 10),
    });
    // The wait ends at once; one more probe, which passes, and it is verified after all.
    expect(verdict).toEqual({ passes: 2, verified: true, interrupted: false });
    const down = await verify(checkSaying('critical'), { passes: 2, within_s: 600, every_s: 600 }, 0, {
      ...{ clock: standClock(), stop: stop.signal },
      probed: () => undefined,
    });
    expect(down).toEqual({ passes: 0, verified: false, interrupted: true });
  });
});
