import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GraceConfig, graceSchema } from '../../src/core/config/schema/grace-schema.js';
import { maintenanceOf } from '../../src/healing/maintenance.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Window = { cron: string; lasts: string; timezone?: string; checks?: string[]; name?: string; reason?: string };

async function windows(...given: Window[]) {
  const { maintenance } = graceSchema.parse({ version: 1, maintenance: given }) as GraceConfig;
  const why = await maintenanceOf(maintenance);
  return (at: string | number, check = 'web') => {
    const ms = typeof at === 'number' ? at : Date.parse(at);
    return why(check, { boot_id: 'b', elapsed_s: 1, ms });
  };
}

describe('a maintenance window', () => {
  test('holds from its first millisecond to its last', async () => {
    const why = await windows({ cron: '0 3 * * 0', lasts: '2h', name: 'patching', reason: 'kernel' });
    // A Sunday.
    expect(why('2026-11-22T02:59:59.999Z')).toBeUndefined();
    const said = 'maintenance patching until 2026-11-22T05:00:00.000Z: kernel';
    expect(why('2026-11-22T03:00:00.000Z')).toBe(said);
    expect(why('2026-11-22T03:00:00.001Z')).toBe(said);
    expect(why('2026-11-22T04:59:59.999Z')).toBe(said);
    expect(why('2026-11-22T05:00:00.000Z')).toBeUndefined();
    expect(why('2026-11-23T03:30:00.000Z')).toBeUndefined();
  });

  test('begins on the minute, whatever the fraction of the second at which it is asked', async () => {
    const why = await windows({ cron: '*/10 * * * *', lasts: '1m' });
    const begins = Date.parse('2026-11-22T03:10:00.000Z');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * MINUTE_MS - 1 }), (after) => {
        expect(why(begins + after) !== undefined).toBe(after < MINUTE_MS);
      }),
      { numRuns: 200, examples: [[0], [999], [1000], [MINUTE_MS - 1], [MINUTE_MS], [10 * MINUTE_MS - 1]] },
    );
  });

  test('is for the checks that it names', async () => {
    const why = await windows({ cron: '* * * * *', lasts: '1m', checks: ['db', 'web-*'] });
    const at = '2026-11-22T03:00:00.000Z';
    expect(['web', 'web-1', 'db', 'db2'].map((check) => why(at, check) !== undefined)).toEqual([
      ...[false, true, true, false],
    ]);
  });

  test('that is longer than the time between two of them holds all the time', async () => {
    const why = await windows({ cron: '0 * * * *', lasts: '90m' });
    expect(why('2026-11-22T03:59:59.999Z')).toBe('maintenance until 2026-11-22T04:30:00.000Z');
    expect(why('2026-11-22T04:10:00.000Z')).toBe('maintenance until 2026-11-22T05:30:00.000Z');
    for (let ms = Date.parse('2026-11-22T00:00:00.000Z'), n = 0; n < 48; ms += 30 * MINUTE_MS, n++) {
      expect(why(ms)).toBeDefined();
    }
  });

  test('of several, each holds', async () => {
    const why = await windows(
      { cron: '0 3 * * *', lasts: '1h', name: 'night' },
      { cron: '30 3 * * *', lasts: '1h', name: 'backup', checks: ['db'] },
    );
    expect(why('2026-11-22T03:45:00.000Z', 'db')).toMatch(/ night /);
    expect(why('2026-11-22T04:15:00.000Z', 'db')).toMatch(/ backup /);
    expect(why('2026-11-22T04:15:00.000Z')).toBeUndefined();
  });

  test('is in its own time zone, in summer as in winter', async () => {
    const why = await windows({ cron: '0 3 * * *', lasts: '1h', timezone: 'Europe/Berlin' });
    const hours = (day: string) =>
      Array.from({ length: 24 }, (_, hour) => hour).filter(
        (hour) => why(Date.parse(`${day}T00:00:00.000Z`) + hour * HOUR_MS) !== undefined,
      );
    expect([hours('2026-01-15'), hours('2026-07-15')]).toEqual([[2], [1]]);
    // On the day on which the clocks go back, 3 o'clock comes once.
    expect(hours('2026-10-25')).toEqual([2]);
  });

  test('none is configured', async () => {
    expect((await windows())('2026-11-22T03:00:00.000Z')).toBeUndefined();
  });
});
