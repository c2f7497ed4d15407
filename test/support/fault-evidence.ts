import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { systemClock } from '../../src/core/host/clock.js';
import { LOG_NAMES, type LogName } from '../../src/core/journal/log-files.js';
import { listSegments } from '../../src/core/journal/segments.js';
import { Registry } from '../../src/core/registry/registry.js';
import { parsePosition } from '../../src/core/seal/position.js';
import { SIDECAR_FILE, sidecarPath } from '../../src/core/seal/sidecar.js';
import type { Evidence, Violation } from '../faults/checks.js';
import { ACTS_FILE, openLedger } from '../faults/programs/scenarios.js';
import type { Left, SealEvidence } from '../faults/seal-checks.js';

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

/** What lies there: reads bytes, opens nothing that could put anything right. */
export function look(dir: string): Left {
  if (!existsSync(dir)) return { logs: { incidents: [], audit: [] }, auditFiles: [], seal: undefined };
  const auditFiles = listSegments(dir, 'audit').map(({ dev, ino }) => ({ dev, ino }));
  return { logs: logBytes(dir), auditFiles, seal: sealBytes(dir) };
}

function sealBytes(dir: string): SealEvidence | undefined {
  const read = (...names: string[]) => {
    const path = sidecarPath(dir, ...names);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const notes = read(SIDECAR_FILE.checkpoints);
  if (!notes) return undefined;
  const position = read(SIDECAR_FILE.position);
  const leaves = readdirSync(sidecarPath(dir)).filter((name) => /^leaves\.\d+$/.test(name));
  return {
    notes,
    vkey: read(SIDECAR_FILE.vkey)?.toString('latin1') ?? '',
    copy: read(SIDECAR_FILE.checkpoint)?.toString('latin1'),
    position: position && parsePosition(position),
    tiles: new Map(filesBelow(sidecarPath(dir), 'tile').map((name) => [name, readFileSync(sidecarPath(dir, name))])),
    leaves: new Map(leaves.map((name) => [Number(name.slice('leaves.'.length)), readFileSync(sidecarPath(dir, name))])),
  };
}

/** What a crash has left aside is none of them. */
function filesBelow(dir: string, name: string): string[] {
  const path = join(dir, name);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const below = `${name}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(dir, below);
    return entry.name.endsWith('.new') ? [] : [below];
  });
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
    return { acks, ...look(dir), quarantine, kept, rebuilt, acts };
  } finally {
    registry.close();
  }
}

/** Recovers twice, as two programs would: the second finds nothing left to do. */
export async function recoverTwice(dir: string): Promise<Violation[]> {
  await recoverOnce(dir);
  const first = everyByte(dir);
  const noted = await recoverOnce(dir);
  const second = everyByte(dir);
  const changed = [...second].filter(([path, bytes]) => first.get(path) !== bytes).map(([path]) => path);
  if (changed.length + noted === 0 && first.size === second.size) return [];
  const what = `the second one wrote ${noted} entries and changed ${changed.join(', ') || 'no file'}`;
  return [{ kind: 'recovery not idempotent', what }];
}

/** All that the logs and their seal consist of. */
function everyByte(dir: string): Map<string, string> {
  const files = LOG_NAMES.flatMap((log) => listSegments(dir, log).map(({ name }) => name));
  const seal = existsSync(sidecarPath(dir)) ? filesBelow(sidecarPath(dir), '.') : [];
  return new Map([
    ...files.map((name) => [name, readFileSync(join(dir, name), 'latin1')] as const),
    ...seal.map((name) => [name, readFileSync(sidecarPath(dir, name), 'latin1')] as const),
  ]);
}

async function recoverOnce(dir: string): Promise<number> {
  const ledger = openLedger(dir, 'recovery');
  try {
    return (await ledger.recover()).length;
  } finally {
    ledger.close();
  }
}
