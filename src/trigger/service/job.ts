import type { Served, ServiceWords } from './served.js';

/** Takes the write lock of a SQLite database and does not let go of it. */
export async function serveJob({ word }: ServiceWords): Promise<Served> {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(word('database'), { fileMustExist: true });
  database.exec('BEGIN IMMEDIATE');
  // What nobody refers to would be collected, and closed with that.
  return { port: null, reload: () => void database.inTransaction };
}
