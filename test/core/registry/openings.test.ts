import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import type { Now } from '../../../src/core/records/moment.js';
import { line, newAudit } from '../../support/records.js';
import { logPath, openRegistry } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';

const NOW: Now = { boot_id: 'this', elapsed_s: 10_000, ms: Date.parse('2026-11-23T12:00:00Z') };

/** What of these openings is younger than five minutes, of the newest `limit`. */
function young(limit: number, ...openings: [id: string, clock: JsonObject | undefined, timestamp: string][]): string[] {
  const dir = tempDir();
  const entries = openings.map(([id, clock, timestamp], i) =>
    newAudit({
      ...{ entry_id: `e${i}`, action: ACTION.incidentOpened, resource: id, timestamp },
      metadata: { incident_id: id, origin: 'real', ...(clock ? { clock } : {}) },
    }),
  );
  appendFileSync(logPath(dir, 'audit'), entries.map(line).join(''));
  const registry = openRegistry(dir);
  registry.sync();
  return registry
    .control((view) => view.recentOpenings('real', 0, { now: NOW, within_s: 300, limit }))
    .map(({ subject }) => subject);
}

const LONG_AGO = '2026-11-23T09:00:00.000Z';
const JUST_NOW = '2026-11-23T11:59:00.000Z';
const at = (elapsed_s: number, boot_id = 'this') => ({ boot_id, elapsed_s });

describe('the openings that the brake counts', () => {
  it('are as old as the monotonic clock says, whatever the date is, and across boots as the dates say', () => {
    expect(
      young(
        80,
        ['old', at(9000), JUST_NOW],
        ['young', at(9900), LONG_AGO],
        ['old-before-boot', at(9900, 'former'), LONG_AGO],
        ['young-before-boot', at(5, 'former'), JUST_NOW],
        ['young-without-clock', undefined, JUST_NOW],
      ),
    ).toEqual(['young-without-clock', 'young-before-boot', 'young']);
  });

  it('are of the newest ones, also when these are too old', () => {
    expect(young(2, ['young', at(9990), JUST_NOW], ['a', at(1), LONG_AGO], ['b', at(2), LONG_AGO])).toEqual([]);
  });
});
