import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
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
