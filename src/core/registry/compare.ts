import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';

/** The names of the tables whose rows differ between two registries. */
export function differingTables(a: Database.Database, b: Database.Database): string[] {
  const names = new Set([...tableNames(a), ...tableNames(b)]);
  return [...names].sort().filter((name) => digest(a, name) !== digest(b, name));
}

function tableNames(db: Database.Database): string[] {
  return db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map(({ name }) => name);
}

/** One hash over all rows, in the order of the primary key. `undefined`: there is no such table. */
function digest(db: Database.Database, table: string): string | undefined {
  const keys = db
    .prepare<[string], { name: string }>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .all(table)
    .map(({ name }) => `"${name}"`);
  if (keys.length === 0) return undefined;
  const hash = createHash('sha256');
  const rows = db.prepare(`SELECT * FROM "${table}" ORDER BY ${keys.join(', ')}`).raw(true);
  for (const row of rows.iterate()) hash.update(JSON.stringify(row));
  return hash.digest('hex');
}
