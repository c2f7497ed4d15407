// sync-more DIR FILE: appends the file's lines to the audit log, 100 at a time, and syncs the registry after each; says how
// long the syncs took.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/core/host/clock.ts';
import { Registry } from '../../src/core/registry/registry.ts';

const [dir = '', file = ''] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
const registry = new Registry(dir, { clock: systemClock, jitter: Math.random, unique: `${process.pid}` });
registry.sync();
const seconds = [];
for (let n = 0; n < lines.length; n += 100) {
  appendFileSync(join(dir, 'immutable_audit.jsonl'), `${lines.slice(n, n + 100).join('\n')}\n`);
  const begun = process.hrtime.bigint();
  const { logs } = registry.sync();
  seconds.push(Number(process.hrtime.bigint() - begun) / 1e9);
  if (logs.audit.lines !== 100) throw new Error(`${logs.audit.lines} lines were read, not 100`);
}
registry.close();
console.log(JSON.stringify({ seconds }));
