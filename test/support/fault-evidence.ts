import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { systemClock } from '../../src/core/host/clock.js';
import { LOG_NAMES, type LogName } from '../../src/core/journal/log-files.js';
import { listSegments } from '../../src/core/journal/segments.js';
import { Registry } from '../../src/core/registry/registry.js';
import type { Evidence, Violation } from '../faults/checks.js';
import { ACTS_FILE, openLedger } from '../faults/programs/scenarios.js';

/** Every row of every table as a text, sorted. */
export function dumpDatabase(db: Database.Database): string[] {
  const tables = db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all();
  return tables.flatMap(({ name }) =>
    db
      .prepare(`SELECT * FROM "${name}"`)
      .all()
      .map((row) => `${name} ${JSON.stringify(row)}`)
      .sort(),
  );
}

export function logBytes(dir: string): Record<LogName, Buffer[]> {
  const read = (log: LogName) => listSegments(dir, log).map(({ path }) => readFileSync(path));
  return { incidents: read('incidents'), audit: read('audit') };
}

export function openRegistry(dir: string, unique: string): Registry {
  return new Registry(dir, { clock: systemClock, jitter: Math.random, unique });
}

/** Looks at what is there: reads the registry on, builds it anew, keeps both. */
export function inspect(dir: string, acks: readonly string[]): Evidence {
  const registry = openRegistry(dir, 'inspection');
  try {
    registry.sync();
    const kept = registry.read(dumpDatabase);
    registry.rebuild('the inspection asks for it');
    const rebuilt = registry.read(dumpDatabase);
    const quarantine = registry.read((db) =>
      db.prepare<[], Evidence['quarantine'][number]>('SELECT log, ordinal, position FROM quarantine').all(),
    );
    const actsPath = join(dir, ACTS_FILE);
    const acts = existsSync(actsPath) ? readFileSync(actsPath, 'utf8') : '';
    return { acks, logs: logBytes(dir), quarantine, kept, rebuilt, acts };
  } finally {
    registry.close();
  }
}

/** Recovers twice, as two programs would: the second finds nothing left to do. */
export async function recoverTwice(dir: string): Promise<Violation[]> {
  await recoverOnce(dir);
  const first = logBytes(dir);
  const noted = await recoverOnce(dir);
  const second = logBytes(dir);
  const same = LOG_NAMES.every((log) => Buffer.concat(first[log]).equals(Buffer.concat(second[log])));
  if (same && noted === 0) return [];
  return [{ kind: 'recovery not idempotent', what: `the second one wrote ${noted} entries` }];
}

async function recoverOnce(dir: string): Promise<number> {
  const ledger = openLedger(dir, 'recovery');
  try {
    return (await ledger.recover()).length;
  } finally {
    ledger.close();
  }
}
