import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import { buildAside } from '../../src/core/registry/database.js';
import { ProbeStore } from '../../src/healing/probe-store.js';
import { lookAtHost } from '../../src/healing/starter/look-at-host.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

const NOWHERE = { units: '/nonexistent', databases: [], certificates: [] };

/** A process of its own that listens on some port below those which the kernel gives out. */
async function listener(): Promise<number> {
  const script =
    "const s = require('node:net').createServer(); let p = 20000 + process.pid % 10000; s.on('error', () => s.listen(++p, '127.0.0.1')); s.on('listening', () => console.log(p)); s.listen(p, '127.0.0.1');";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return Number(said);
}

it('finds who listens, by its executable', async () => {
  const port = await listener();
  const found = lookAtHost(systemClock, NOWHERE).listeners.find((one) => one.port === port);
  expect(found).toMatchObject({ port, executable: readlinkSync('/proc/self/exe') });
});

it('finds units, databases and certificates where they lie, and leaves everything as it was', () => {
  const root = tempDir();
  const [units, data, live] = ['units', 'data', 'live'].map((name) => join(root, name)) as [string, string, string];
  for (const dir of [units, join(data, 'app'), join(live, 'example.org'), join(live, 'archive')])
    mkdirSync(dir, { recursive: true });
  writeFileSync(join(units, 'app.service'), '[Service]\n');
  writeFileSync(join(units, 'worker@.service'), '[Service]\n');
  writeFileSync(join(units, 'app.timer'), '[Timer]\n');
  symlinkSync(join(units, 'app.service'), join(units, 'alias.service'));
  const database = new Database(join(data, 'app', 'app.db'));
  database.exec('CREATE TABLE t (x)');
  database.close();
  writeFileSync(join(data, 'app', 'other.db'), 'no database');
  symlinkSync(join(data, 'app', 'app.db'), join(data, 'app', 'link.db'));
  writeFileSync(join(live, 'archive', 'cert1.pem'), '-----BEGIN CERTIFICATE-----\n');
  symlinkSync('../archive/cert1.pem', join(live, 'example.org', 'fullchain.pem'));
  writeFileSync(join(live, 'example.org', 'privkey.pem'), '-----BEGIN PRIVATE KEY-----\n');

  const before = [units, join(data, 'app'), live].map(fingerprintOf);
  const found = lookAtHost(systemClock, { units, databases: [data], certificates: [live] });
  expect(found.units).toEqual(['app.service']);
  expect(found.databases).toEqual([join(data, 'app', 'app.db')]);
  expect(found.certificates).toEqual([join(live, 'archive', 'cert1.pem'), join(live, 'example.org', 'fullchain.pem')]);
  expect([units, join(data, 'app'), live].map(fingerprintOf)).toEqual(before);
});

/** A directory of logs as a process leaves it that ends while it has them open, or as it is at rest. */
function logs(dir: string, inUse: boolean): void {
  mkdirSync(dir, { recursive: true });
  const store = new ProbeStore(dir, { write: true });
  store.beat('x', { boot_id: 'b', elapsed_s: 1, at: 1 });
  if (!inUse) store.close();
  else onTestFinished(() => store.close());
  buildAside(join(dir, 'registry.db'), 'x', (db) => db.exec('CREATE TABLE t (x)'));
}

it('leaves out what grace keeps itself, whatever it is called, and nothing else', () => {
  const root = tempDir();
  logs(join(root, 'rest'), false);
  logs(join(root, 'use'), true);
  writeFileSync(join(root, 'use', 'immutable_audit.jsonl'), '');
  mkdirSync(join(root, 'copies'));
  for (const name of ['registry', 'probes'])
    copyFileSync(join(root, 'rest', `${name}.db`), join(root, 'copies', `was-${name}.db`));
  mkdirSync(join(root, 'other'));
  for (const name of ['registry', 'probes', 'mine']) {
    const other = new Database(join(root, 'other', `${name}.db`));
    other.exec('CREATE TABLE heartbeats (name TEXT PRIMARY KEY)');
    other.close();
  }
  const { databases } = lookAtHost(systemClock, { ...NOWHERE, databases: [root] });
  expect(databases).toEqual(['mine', 'probes', 'registry'].map((name) => join(root, 'other', `${name}.db`)));
});

it('gives up the search when its time is up', () => {
  const root = tempDir();
  for (let i = 0; i < 50; i++) {
    mkdirSync(join(root, `d${i}`));
    writeFileSync(join(root, `d${i}`, 'a.db'), 'SQLite format 3\0');
  }
  let asked = 0;
  const hurried = { now: () => 0, elapsed: () => asked++ };
  const { databases } = lookAtHost(hurried, { ...NOWHERE, databases: [root] });
  expect(databases.length).toBeLessThan(12);
});

it('does not go down for ever', () => {
  const root = tempDir();
  const deep = join(root, ...Array.from({ length: 12 }, () => 'd'));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'a.db'), 'SQLite format 3\0');
  expect(lookAtHost(systemClock, { ...NOWHERE, databases: [root] }).databases).toEqual([]);
});
