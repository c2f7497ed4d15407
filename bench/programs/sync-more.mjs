// sync-more DIR FROM ROUNDS: appends 100 lines to the audit log and syncs the registry, again and again; says how long
// the syncs took.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/core/host/clock.ts';
import { Registry } from '../../src/core/registry/registry.ts';
import { moreLines } from '../support/audit-lines.mjs';

const [dir = '', from = '0', rounds = '1'] = process.argv.slice(2);
const registry = new Registry(dir, { clock: systemClock, jitter: Math.random, unique: `${process.pid}` });
registry.sync();
const seconds = [];
for (let round = 0; round < Number(rounds); round++) {
  appendFileSync(join(dir, 'immutable_audit.jsonl'), moreLines(Number(from) + round * 100, 100));
  const begun = process.hrtime.bigint();
  const { logs } = registry.sync();
  seconds.push(Number(process.hrtime.bigint() - begun) / 1e9);
  if (logs.audit.lines !== 100) throw new Error(`${logs.audit.lines} lines were read, not 100`);
}
registry.close();
console.log(JSON.stringify({ seconds }));
