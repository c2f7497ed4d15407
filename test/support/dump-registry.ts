import type Database from 'better-sqlite3';
import type { Registry } from '../../src/core/registry/registry.js';

/** All rows of all tables, each table's rows in one order. Two registries are equal when these are. */
export type Dump = Readonly<Record<string, readonly string[]>>;

export function dumpDatabase(db: Database.Database): Dump {
  const names = db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('sqlite_'));
  const dump: Record<string, string[]> = {};
  for (const name of names) {
    dump[name] = db
      .prepare(`SELECT * FROM "${name}"`)
      .all()
      .map((row) => JSON.stringify(row))
      .sort();
  }
  return dump;
}

export function dumpRegistry(registry: Registry): Dump {
  return registry.read(dumpDatabase);
}
