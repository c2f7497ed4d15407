const ROWS = 2000;

/** Makes a SQLite database of a few hundred kilobytes. */
export async function makeDatabase(path: string): Promise<void> {
  // Loaded where it is used: most drills do without.
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(path);
  try {
    database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL); BEGIN');
    const insert = database.prepare('INSERT INTO orders (item) VALUES (?)');
    for (let i = 0; i < ROWS; i++) insert.run(`order ${i} `.repeat(8));
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
